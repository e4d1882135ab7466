"""Workers are killed while they send; afterwards the books must still balance."""

import random
import threading
import time
from pathlib import Path

import pytest

from tests.installation import CELERY, PATIENCE_SECONDS, RUN_DELIVERY, SLUG, Installation
from tests.smtp import SmtpServer

READERS = 2_000
KILLS = 20
# Two processes, or one with two threads: so many messages may be under way at a kill.
BUSY = 2


@pytest.mark.soak
def test_twenty_kills_on_sqlite_lose_nobody_and_send_nobody_twice(tmp_path):
    soak(tmp_path)


@pytest.mark.soak
@pytest.mark.postgres
def test_twenty_kills_on_postgres_lose_nobody_and_send_nobody_twice(tmp_path, postgres_database):
    soak(tmp_path, DATABASE_URL=postgres_database, SECRET_KEY="made-up-for-this-test")


@pytest.mark.soak
def test_twenty_kills_of_celery_lose_nobody_and_send_nobody_twice(tmp_path):
    soak(tmp_path, CELERY, 1)


def soak(
    folder: Path,
    command: tuple[str, ...] = RUN_DELIVERY,
    workers: int = 2,
    **environment: str,
) -> None:
    """Send to 2,000 readers, kill all workers twenty times, and compare server and ledger."""
    dice = random.Random(20)
    # Workers die at the very moment the server takes a message, before its answer arrives.
    fatal = set(dice.sample(range(50, READERS - 200), KILLS))
    due = threading.Event()

    with SmtpServer() as server:
        house = Installation(folder, server.port, command, **environment)
        house.prepare(READERS)

        def kill_at_fatal_messages(recipient: str) -> None:
            if len(server.taken) in fatal:
                house.kill()
                due.set()

        server.on_taken = kill_at_fatal_messages
        kills = 0
        deadline = time.monotonic() + PATIENCE_SECONDS
        house.start(workers)
        while time.monotonic() < deadline:
            if due.wait(timeout=1):
                house.bury()
                kills += 1
                due.clear()
                house.start(workers)
            elif len(server.taken) >= READERS - 2 * KILLS:
                states = house.states()
                if not set(states.values()) & {"pending", "claimed", "sending"}:
                    break
        house.bury()
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
