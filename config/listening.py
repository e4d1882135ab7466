"""Noticing that this worker does not take tasks any more, and ending it.

A worker can live and yet take nothing, for one after its connection to Redis was replaced
under it. So each sends itself a small task, through the broker and a queue of its own. Where
none arrives for a long time, although sending went well, the worker ends, and its supervisor
starts another. A broker that is away ends nobody: another start would not help.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from time import monotonic

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
# EX_SOFTWARE of sysexits.h: the program itself is at fault.
EXIT_CODE = 70


class Listener:
    """Whether tasks arrive here; ``send`` puts one on the way and raises OSError if it cannot."""

    def __init__(
        self,
        send: Callable[[], None],
        give_up: Callable[[], None],
        *,
        patience: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.send = send
        self.give_up = give_up
        self.patience = patience
        self.clock = clock
        self.sent_at: float | None = None

    def heard(self, **kwargs: object) -> None:
        """Note that a task arrived, whichever: a receiver of Celery's ``task_received``."""
        self.sent_at = None

    def look(self) -> None:
        """Give up if what was sent long ago has not arrived; send something if nothing waits."""
        now = self.clock()
        if self.sent_at is None:
            # Noted first: it may arrive before the next line.
            self.sent_at = now
            try:
                self.send()
            except Exception as exc:  # whatever a broker's library raises
                log.warning("the broker is away: %s", exc)
                self.sent_at = None
        elif now - self.sent_at > self.patience:
            log.critical("no task has arrived here for %.0f s; ending", now - self.sent_at)
            self.give_up()

    def keep_looking(self) -> None:
        """Look once a minute, in a thread that ends with the process."""
        threading.Thread(target=self.loop, name="listening", daemon=True).start()

    def loop(self) -> None:
        over = threading.Event()
        while not over.wait(LOOK_SECONDS):
            self.look()


def end(grace: float) -> None:
    """End this process: politely, and after ``grace`` seconds for certain."""
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(grace)
    os._exit(EXIT_CODE)
