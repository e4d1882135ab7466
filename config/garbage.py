"""Garbage collection in processes that work for long."""

import gc


def leave_alone_what_stays() -> None:
    """Take what was imported by now out of every later collection.

    To look through it again and again costs a worker a twentieth of its time.
    """
    gc.collect()
    gc.freeze()
