"""Garbage collection: nearly all that our processes make goes without it, or stays for good."""

import gc

# Python looks after every 700 objects more, and in doing so again and again through all that
# was imported: a sixth of the time in which a process starts.
COLLECT_AFTER = 50_000


def collect_rarely() -> None:
    """Look for garbage after so many objects more; in memory they are some megabytes."""
    gc.set_threshold(COLLECT_AFTER)


def leave_alone_what_stays() -> None:
    """Take what was imported by now out of every later collection.

    To look through it again and again costs a worker a twentieth of its time.
    """
    gc.collect()
    gc.freeze()
