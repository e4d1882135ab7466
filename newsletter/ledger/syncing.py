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
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

SUFFIX = "-wal"
# File sizes included, times not, which would cost another write; not every system has it.
WRITE_OUT: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


class NotOnDisk(OperationalError):
    """What was committed may not outlive a power cut, so that nothing may rely on it."""


class Log:
    """An open write-ahead log, or none yet."""

    descriptor = -1

    def open(self, path: Path) -> None:
        """Open the log, and make sure that its name is on the disk as well as what it holds."""
        self.close()
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self.descriptor = os.open(path, os.O_RDONLY)

    def is_at(self, path: Path) -> bool:
        """Tell whether this is the log still: SQLite deletes it with its last connection."""
        if self.descriptor < 0:
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


class Kept(threading.local):
    """A thread's own log, which is closed when the thread ends."""

    def __init__(self) -> None:
        self.log = Log()


KEPT = Kept()
# Logs that could not be written out. A system reports that once and forgets what it could not
# write: with a hole in its midst a log is worth nothing from there on, whatever comes later.
BROKEN: set[Path] = set()


@contextlib.contextmanager
def lightly(connection: BaseDatabaseWrapper, database: Path) -> Iterator[Path | None]:
    """Commit within without waiting for the disk; not within a transaction.

    Yields the log to ``sync`` for what has to outlive a power cut; None where there is none, as
    on file systems that cannot share memory, and SQLite waits by itself.
    """
    connection.ensure_connection()
    log = database.with_name(database.name + SUFFIX)
    if not log.exists():
        yield None
        return
    if log in BROKEN:
        write_anew(connection, log)
    driver = connection.connection
    with connection.wrap_database_errors:
        driver.execute("PRAGMA synchronous = NORMAL")
    try:
        yield log
    finally:
        # Another connection, after an error, is at FULL from its beginning.
        if connection.connection is driver:
            with connection.wrap_database_errors:
                driver.execute("PRAGMA synchronous = FULL")


def write_anew(connection: BaseDatabaseWrapper, log: Path) -> None:
    """Have SQLite put what a broken log holds into the database itself, and begin it anew.

    Raises NotOnDisk where that cannot be done either.
    """
    with connection.wrap_database_errors:
        checkpoint = connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, _pages, _moved = checkpoint.fetchone()
    if busy:
        raise NotOnDisk("a broken log could not be written out, as others read it")
    BROKEN.discard(log)


def sync(path: Path) -> None:
    """Wait until all that was committed to a log is on the disk; raise NotOnDisk if that fails."""
    log = KEPT.log
    try:
        if not log.is_at(path):
            log.open(path)
        WRITE_OUT(log.descriptor)
    except OSError as exc:
        BROKEN.add(path)
        raise NotOnDisk(f"the log could not be written to the disk: {exc}") from exc
