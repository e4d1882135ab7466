"""The promise, in short: workers are killed while they send, and the books still balance."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from newsletter.proving.processes import numbers
from newsletter.proving.servers import CannotStart, Redis, postgres_programs
from tests.installation import PATIENCE_SECONDS, ROOT

READERS = 1_000
KILLS = 20
SHORT = ("--readers", str(READERS), "--kills", str(KILLS))


@pytest.fixture
def prove(tmp_path):
    """Run the command; returns its exit code and the figures of its table."""

    def run(*options, **environment):
        done = subprocess.run(
            [sys.executable, "manage.py", "prove_delivery", *SHORT, *options],
            cwd=ROOT,
            env={**os.environ, "VAR_DIR": str(tmp_path / "var"), **environment},
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE_SECONDS,
        )
        figures = re.findall(r"^ +([a-z/ ]+?) {2,}([\d,.]+)", done.stdout, re.MULTILINE)
        assert done.returncode == 0, done.stdout + done.stderr
        return {name: float(number.replace(",", "")) for name, number in figures}

    return run


def check(figures):
    """Every kill left a trace, and none of them more than it may."""
    assert READERS - KILLS <= figures["accepted by the server"] <= READERS
    assert figures["sent"] + figures["ambiguous"] == READERS
    assert 0 < figures["ambiguous"] <= figures["faults explain up to"]
    assert figures["lost"] == figures["twice"] == figures["untrue rows"] == 0
    assert figures["doubtful after it"] == figures["untrue after it"] == 0


@pytest.mark.soak
def test_twenty_kills_on_sqlite_lose_nobody_and_send_nobody_twice(prove, tmp_path):
    figures = prove("--pauses", "3", TMPDIR=str(tmp_path))
    check(figures)
    assert [path.name for path in tmp_path.iterdir()] == ["var"], "nothing is left behind"
    assert not list((tmp_path / "var").glob("*.sqlite3*")), "the installation takes no part"


@pytest.mark.soak
@pytest.mark.postgres
def test_twenty_kills_on_postgres_lose_nobody_and_send_nobody_twice(prove):
    if not os.environ.get("TEST_POSTGRES_URL"):
        pytest.skip("TEST_POSTGRES_URL names no PostgreSQL server")
    check(prove("--engine", "postgres"))


@pytest.mark.soak
@pytest.mark.postgres
def test_a_database_that_crashes_loses_nobody_and_sends_nobody_twice(prove):
    try:
        postgres_programs()
    except CannotStart as exc:
        pytest.skip(str(exc))
    check(prove("--engine", "postgres", "--database-stops", "2"))


@pytest.mark.soak
def test_twenty_kills_of_celery_lose_nobody_and_send_nobody_twice(prove):
    check(prove("--celery", "--broker", "folder", "--pool", "threads", "--pause-test"))


@pytest.mark.soak
@pytest.mark.redis
def test_a_broker_that_crashes_or_forgets_loses_nobody_and_sends_nobody_twice(prove):
    if not Redis.is_here():
        pytest.skip("redis-server is not installed")
    check(prove("--celery", "--broker-kills", "4"))


def test_a_proof_that_is_ended_leaves_nothing_behind(tmp_path):
    with subprocess.Popen(
        [sys.executable, "manage.py", "prove_delivery", "--readers", "100000"],
        cwd=ROOT,
        env={**os.environ, "VAR_DIR": str(tmp_path / "var"), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as proof:
        wait_until(lambda: any(tmp_path.glob("broadsheet-proof-*/broadsheet.sqlite3")))
        proof.terminate()
        assert proof.wait(timeout=PATIENCE_SECONDS) == 128 + signal.SIGTERM
    assert [path.name for path in tmp_path.iterdir()] == ["var"]
    wait_until(lambda: not any(str(tmp_path) in environment_of(pid) for pid in numbers()))


def environment_of(pid):
    try:
        return Path(f"/proc/{pid}/environ").read_text(errors="replace")
    except OSError:
        return ""


def wait_until(there):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.1)
