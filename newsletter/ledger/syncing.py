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

from django.db.backends.base.base import BaseDatabaseWrapper

SUFFIX = "-wal"
# File sizes included, times not, which would cost another write; not every system has it.
WRITE_OUT: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


class Log:
    """An open write-ahead log, or none yet."""

    descriptor = -1

    def open(self, path: Path) -> None:
        """Open the log, and make sure that its name is on the disk as well as what it holds."""
        self.close()
        self.descriptor = os.open(path, os.O_RDONLY)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

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
    driver = connection.connection
    driver.execute("PRAGMA synchronous = NORMAL")
    try:
        yield log
    finally:
        driver.execute("PRAGMA synchronous = FULL")


def sync(path: Path) -> None:
    """Wait until all that was committed to a log is on the disk; raise OSError if that fails."""
    log = KEPT.log
    if not log.is_at(path):
        log.open(path)
    WRITE_OUT(log.descriptor)
