"""Turns at writing, where a database takes one writer at a time: SQLite.

Who waits for its lock sleeps there for a millisecond, then two, five, ten: with four workers it
lies idle a third of the time. So workers wait for each other beforehand, and look more often.
This is politeness and no protection: the database's own lock decides, and a process that dies
or stops in its turn holds up the others for PATIENCE_SECONDS at most.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from time import monotonic, sleep

from django.db import connection, transaction

from newsletter.ledger.syncing import beside, lightly, sync

# A turn takes about a millisecond; to look costs some microseconds.
LOOK_SECONDS = 0.0003
PATIENCE_SECONDS = 1.0
SUFFIX = "-turn"
# Tests have several.
DATABASES_KEPT = 16


class Place:
    """An open file to wait at; locks are between those, not between processes."""

    descriptor = -1

    def __init__(self, path: Path) -> None:
        self.path = path
        self.process = os.getpid()
        self.descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)

    # Named here, because at the end of a program ``os`` may be gone first.
    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        if self.descriptor >= 0:
            close(self.descriptor)

    def take(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def leave(self) -> None:
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)


class Kept(threading.local):
    """A thread's own place, which is closed when the thread ends."""

    place: Place | None = None


KEPT = Kept()


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """Open a transaction when it is this worker's turn; committed, it outlives a power cut.

    Raises NotOnDisk where it was committed and would not.
    """
    with turn() as database, transaction.atomic():
        yield
    if database is not None:
        sync(connection, database)


@contextlib.contextmanager
def turn() -> Iterator[Path | None]:
    """Wait for this worker's turn to write; at once where the database has many writers.

    Yields the database, if it has a log that has to be synced where what is committed must
    outlive a power cut.
    """
    database = shared_file()
    if database is None:
        yield None
        return
    with turn_at(beside(database, SUFFIX)), lightly(connection, database) as logged:
        yield logged


def shared_file() -> Path | None:
    """Return the file whose writers wait for each other; None where they need not."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return None
    name = str(connection.settings_dict["NAME"])
    in_memory = name.startswith(("file:", ":memory:"))
    return None if in_memory else resolved(name)


@lru_cache(maxsize=DATABASES_KEPT)
def resolved(name: str) -> Path:
    """Return a file without links: SQLite puts what belongs to it beside the file itself."""
    return Path(name).resolve()


@contextlib.contextmanager
def turn_at(path: Path) -> Iterator[None]:
    """Hold a file's lock, or go on without it where nobody gives it up in PATIENCE_SECONDS."""
    place = place_at(path)
    end = monotonic() + PATIENCE_SECONDS
    while not (held := place.take()) and monotonic() < end:
        sleep(LOOK_SECONDS)
    try:
        yield
    finally:
        if held:
            place.leave()


def place_at(path: Path) -> Place:
    """Return the thread's place; a process that was forked off opens its own."""
    place = KEPT.place
    if place is None or place.path != path or place.process != os.getpid():
        place = KEPT.place = Place(path)
    return place
