"""Two connections that want the same rows, for tests on a server that lets both in."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

# SQLite has one writer at a time, so nothing can be raced for.
needs_rows_locked = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)


def one_after_the_other(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    """Do the first within a transaction, and meanwhile the second, which has to wait for it."""
    found: list[Any] = []
    other = elsewhere(lambda: found.append(second()))
    with transaction.atomic():
        done = first()
        other.start()
        other.join(timeout=1)
        assert other.is_alive(), "the second waits for the first one's commit"
    other.join(timeout=10)
    return done, found[0]


def both_at_once(first: Callable[[], Any], second: Callable[[], Any]) -> set[Any]:
    """Start both in the same moment, and return what they return or raise."""
    found: list[Any] = []
    start = threading.Barrier(2)

    def racing(work: Callable[[], Any]) -> None:
        start.wait(timeout=10)
        try:
            found.append(work())
        except Exception as exc:
            found.append(exc)

    racers = [elsewhere(lambda: racing(first)), elsewhere(lambda: racing(second))]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(timeout=20)
    return set(found)


def elsewhere(work: Callable[[], Any]) -> threading.Thread:
    """Return a thread that works with a connection of its own, and closes it."""

    def working() -> None:
        try:
            work()
        finally:
            connection.close()

    return threading.Thread(target=working)
