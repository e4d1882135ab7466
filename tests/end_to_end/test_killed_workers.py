"""Workers are killed while they send; afterwards the books must still balance."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.smtp import SmtpServer

ROOT = Path(__file__).resolve().parent.parent.parent
READERS = 2_000
KILLS = 20
# Two processes, or one with two threads: so many messages may be under way at a kill.
BUSY = 2
SLUG = "daily-2026-11-20"
# Far more than it takes; a worker that hangs must fail the test, not hang the run.
PATIENCE_SECONDS = 240

PREPARE = """
from datetime import date
from django.utils import timezone
from newsletter.steering import send_now
from subscribers.models import Subscriber
from tests.factories import make_issue, make_source, make_story

sources = [make_source() for _ in range(4)]
issue = make_issue()
for source in sources:
    make_story(issue, source)
now = timezone.now()
Subscriber.objects.bulk_create(
    Subscriber(
        email=f"reader{n}@example.com", state="active", confirmed_at=now, all_sources=n %% 2 == 0
    )
    for n in range(%d)
)
through = Subscriber.sources.through
through.objects.bulk_create(
    through(subscriber_id=pk, source_id=sources[pk %% 4].pk)
    for pk in Subscriber.objects.filter(all_sources=False).values_list("pk", flat=True)
)
send_now(issue, now=now, confirmed_late=True)
"""
REPORT = """
import json
from newsletter.models import Delivery
rows = Delivery.objects.values_list("uid", "state")
print(json.dumps({str(uid): state for uid, state in rows}))
"""


class House:
    """An installation of its own in a folder, and workers on it that can be killed."""

    def __init__(
        self, folder: Path, port: int, command: tuple[str, ...], **environment: str
    ) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "VAR_DIR": str(folder),
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(port),
            "TICK_SECONDS": "1",
            "CLAIM_LEASE_SECONDS": "2",
            "INTENT_LEASE_SECONDS": "3",
            "LOG_LEVEL": "ERROR",
            **environment,
        }
        self.command = command
        self.workers: list[subprocess.Popen[bytes]] = []

    def manage(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, count: int) -> None:
        self.workers = [
            subprocess.Popen(
                [sys.executable, *self.command],
                cwd=ROOT,
                env=self.environment,
                stdout=subprocess.DEVNULL,
            )
            for _ in range(count)
        ]

    def kill(self) -> None:
        for worker in self.workers:
            worker.send_signal(signal.SIGKILL)
        for worker in self.workers:
            worker.wait()

    def states(self) -> dict[str, str]:
        """Return every delivery's state by its Message-ID's left side."""
        return dict(json.loads(self.manage("shell", "--verbosity=0", "-c", REPORT)))


@pytest.fixture
def postgres_database():
    """A new database on the server in TEST_POSTGRES_URL, gone afterwards; yields its URL."""
    server = os.environ.get("TEST_POSTGRES_URL")
    if not server:
        pytest.skip("TEST_POSTGRES_URL names no PostgreSQL server")
    name = f"broadsheet_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.soak
def test_twenty_kills_on_sqlite_lose_nobody_and_send_nobody_twice(tmp_path):
    soak(tmp_path)


@pytest.mark.soak
@pytest.mark.postgres
def test_twenty_kills_on_postgres_lose_nobody_and_send_nobody_twice(tmp_path, postgres_database):
    soak(tmp_path, DATABASE_URL=postgres_database, SECRET_KEY="made-up-for-this-test")


@pytest.mark.soak
def test_twenty_kills_of_celery_lose_nobody_and_send_nobody_twice(tmp_path):
    celery = ("-m", "celery", "-A", "config", "worker", "--beat", "--pool", "threads")
    soak(tmp_path, (*celery, "--concurrency", "2", "--loglevel", "error"), 1)


def soak(
    folder: Path,
    command: tuple[str, ...] = ("manage.py", "run_delivery"),
    workers: int = 2,
    **environment: str,
) -> None:
    """Send to 2,000 readers, kill all workers twenty times, and compare server and ledger."""
    dice = random.Random(20)
    # Workers die at the very moment the server takes a message, before its answer arrives.
    fatal = set(dice.sample(range(50, READERS - 200), KILLS))
    due = threading.Event()

    with SmtpServer() as server:
        house = House(folder, server.port, command, **environment)
        house.manage("migrate", "--verbosity=0")
        house.manage("shell", "--verbosity=0", "-c", PREPARE % READERS)

        def kill_at_fatal_messages(recipient: str) -> None:
            if len(server.taken) in fatal:
                for worker in house.workers:
                    worker.send_signal(signal.SIGKILL)
                due.set()

        server.on_taken = kill_at_fatal_messages
        kills = 0
        deadline = time.monotonic() + PATIENCE_SECONDS
        house.start(workers)
        while time.monotonic() < deadline:
            if due.wait(timeout=1):
                house.kill()
                kills += 1
                due.clear()
                house.start(workers)
            elif len(server.taken) >= READERS - 2 * KILLS:
                states = house.states()
                if not set(states.values()) & {"pending", "claimed", "sending"}:
                    break
        house.kill()
        states = house.states()
        taken = server.ids()

    assert kills >= KILLS - 2, "two fatal messages may fall into one kill"
    assert len(taken) == len(set(taken)), "somebody got the issue twice"
    assert len(states) == READERS
    sent = {uid for uid, state in states.items() if state == "sent"}
    doubtful = {uid for uid, state in states.items() if state == "ambiguous"}
    assert sent | doubtful == set(states), "somebody was lost"
    assert sent <= set(taken), "a message is called sent that no server has"
    assert set(taken) - sent <= doubtful, "a message was taken of which nobody knows"
    assert 0 < len(doubtful) <= BUSY * kills
    assert "The books balance" in house.manage("audit_issue", SLUG)
