"""On the disk before anything leaves, without holding up the others meanwhile: SQLite.

SQLite's own way (synchronous=FULL) waits for the disk at the end of a transaction, while nobody
else can write. Here a commit only writes to the log (NORMAL), and whoever relies on it waits for
the disk afterwards, when the next worker has its turn; one wait is good for all commits before
it. What SQLite itself has to wait for, so that a power cut breaks no file, it does in both ways:
https://www.sqlite.org/pragma.html#pragma_synchronous.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

LOG_SUFFIX = "-wal"
# Beside the log: it could not be written out, and nobody has begun it anew.
MARK_SUFFIX = "-unwritten"
# File sizes included, times not, which would cost another write; not every system has it.
WRITE_OUT: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)
# Whoever reads the database meanwhile is waited for so long, each time.
ANEW_MILLISECONDS = 1_000


class NotOnDisk(OperationalError):
    """What was committed may not outlive a power cut, so that nothing may rely on it."""


class Log:
    """An open write-ahead log, or none yet."""

    descriptor = -1
    process = 0

    def write_out(self, path: Path) -> None:
        """Wait until all that was written to the log is on the disk; OSError if that fails."""
        if not self.is_at(path):
            self.open(path)
        WRITE_OUT(self.descriptor)

    def open(self, path: Path) -> None:
        """Open the log, and make sure that its name is on the disk as well as what it holds."""
        self.close()
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self.descriptor, self.process = os.open(path, os.O_RDONLY), os.getpid()

    def is_at(self, path: Path) -> bool:
        """Tell whether this is the log still: SQLite deletes it with its last connection."""
        # A system tells of a failure once for each opening, which a fork would share.
        if self.descriptor < 0 or self.process != os.getpid():
            return False
        own, there = os.fstat(self.descriptor), path.stat()
        return (own.st_dev, own.st_ino) == (there.st_dev, there.st_ino)

    # Named here, because at the end of a program ``os`` may be gone first.
    def close(self, close: Callable[[int], None] = os.close) -> None:
        if self.descriptor >= 0:
            close(self.descriptor)
            self.descriptor = -1

    def __del__(self) -> None:
        self.close()


class OfThread(threading.local):
    """A thread's own log, which is closed when the thread ends."""

    def __init__(self) -> None:
        self.log = Log()


OF_THREAD = OfThread()
# Marks that could not be left beside their logs.
UNWRITTEN: set[Path] = set()


@contextlib.contextmanager
def lightly(connection: BaseDatabaseWrapper, database: Path) -> Iterator[Path | None]:
    """Commit within without waiting for the disk; not within a transaction.

    Yields the database to ``sync`` for what has to outlive a power cut; None where there is no
    log, as on file systems that cannot share memory, and SQLite waits by itself.
    """
    connection.ensure_connection()
    if not beside(database, LOG_SUFFIX).exists():
        yield None
        return
    driver = connection.connection
    with connection.wrap_database_errors:
        driver.execute("PRAGMA synchronous = NORMAL")
    try:
        yield database
    finally:
        # Another connection, after an error, is at FULL from its beginning.
        if connection.connection is driver:
            with connection.wrap_database_errors:
                driver.execute("PRAGMA synchronous = FULL")


def sync(connection: BaseDatabaseWrapper, database: Path) -> None:
    """Wait until all that was committed is on the disk; raise NotOnDisk if that fails.

    A system tells once that it could not write, and forgets what: with a hole in its midst a log
    is worth nothing from there on, whatever is written later. So it is marked for all workers,
    and nobody relies on it before it was begun anew.
    """
    mark = beside(database, MARK_SUFFIX)
    try:
        OF_THREAD.log.write_out(beside(database, LOG_SUFFIX))
    except OSError:
        UNWRITTEN.add(mark)
        with contextlib.suppress(OSError):
            mark.touch()
    if mark in UNWRITTEN or mark.exists():
        begin_anew(connection.connection, mark)


def begin_anew(driver: Any, mark: Path) -> None:
    """Have SQLite put what a log holds into the database itself, and empty the log.

    Raises NotOnDisk where that cannot be done now.
    """
    (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute(f"PRAGMA busy_timeout = {ANEW_MILLISECONDS}")
    try:
        try:
            busy = emptied(driver)
        except sqlite3.Error:
            # SQLite has the log open, too, and hears of the same failure.
            busy = emptied(driver)
    except sqlite3.Error as exc:
        raise NotOnDisk(f"the log could not be written to the disk: {exc}") from exc
    finally:
        driver.execute(f"PRAGMA busy_timeout = {patience}")
    if busy:
        raise NotOnDisk("a log that the disk failed cannot be begun anew while others read it")
    mark.unlink(missing_ok=True)
    UNWRITTEN.discard(mark)


def emptied(driver: Any) -> bool:
    """Ask SQLite to empty the log; returns whether somebody was in the way."""
    busy, _pages, _moved = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return bool(busy)


def beside(database: Path, suffix: str) -> Path:
    return database.with_name(database.name + suffix)
