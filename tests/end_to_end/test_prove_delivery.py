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

# What the command does by itself; Celery's workers take a second each to come back.
READERS, KILLS = 5_000, 50
CELERYS_KILLS = 20


@pytest.fixture
def prove(tmp_path):
    """Run the command; returns the figures of its table."""

    def run(*options, **environment):
        done = subprocess.run(
            [sys.executable, "manage.py", "prove_delivery", *options],
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


def check(figures, readers=READERS, kills=KILLS):
    """Every kill left a trace, and none of them more than it may."""
    assert readers - kills <= figures["accepted by the server"] <= readers
    assert figures["sent"] + figures["ambiguous"] == readers
    assert 0 < figures["ambiguous"] <= figures["faults explain up to"]
    assert figures["lost"] == figures["twice"] == figures["untrue rows"] == 0
    assert figures["doubtful after it"] == figures["untrue after it"] == 0


def sized(readers):
    return "--readers", str(readers), "--kills", str(CELERYS_KILLS)


@pytest.mark.soak
def test_fifty_kills_on_sqlite_lose_nobody_and_send_nobody_twice(prove, tmp_path):
    figures = prove("--pauses", "3", TMPDIR=str(tmp_path))
    check(figures)
    assert [path.name for path in tmp_path.iterdir()] == ["var"], "nothing is left behind"
    assert not list((tmp_path / "var").glob("*.sqlite3*")), "the installation takes no part"


@pytest.mark.soak
@pytest.mark.postgres
def test_fifty_kills_on_a_postgres_that_crashes_lose_nobody_and_send_nobody_twice(prove):
    try:
        postgres_programs()
    except CannotStart as exc:
        pytest.skip(str(exc))
    check(prove("--engine", "postgres", "--database-stops", "2"))


@pytest.mark.soak
def test_twenty_kills_of_celery_lose_nobody_and_send_nobody_twice(prove):
    options = ("--celery", "--broker", "folder", "--pool", "threads", "--pause-test")
    check(prove(*options, *sized(1_000)), 1_000, CELERYS_KILLS)


@pytest.mark.soak
@pytest.mark.redis
@pytest.mark.postgres
def test_a_broker_that_crashes_or_forgets_loses_nobody_and_sends_nobody_twice(prove):
    if not Redis.is_here():
        pytest.skip("redis-server is not installed")
    if not os.environ.get("TEST_POSTGRES_URL"):
        pytest.skip("TEST_POSTGRES_URL names no PostgreSQL server")
    options = ("--celery", "--engine", "postgres", "--broker-kills", "4")
    check(prove(*options, *sized(2_000)), 2_000, CELERYS_KILLS)


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
