"""Brings up workers: ``run_delivery`` in processes forked off one that has read all code.

Workers die by the hundred here, and a Python that has to read Django anew takes most of a
second. A fork has no connection, thread or lock of anybody; whatever it does it does itself.
A worker that ends is replaced, as a supervisor would.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback

from django.core.management import call_command, load_command_class
from django.urls import get_resolver

from config.serving import dying_with


class Nursery:
    """So many workers, for as long as nobody says stop."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.workers: set[int] = set()
        self.over = False

    def run(self) -> None:
        """Replace whoever ends, and say who and how; on SIGTERM let all end in order."""
        signal.signal(signal.SIGTERM, self.end)
        for _ in range(self.size):
            self.bring_up()
        while self.workers:
            pid, status = os.wait()
            self.workers.discard(pid)
            print(pid, os.waitstatus_to_exitcode(status), flush=True)
            if not self.over:
                self.bring_up()

    def bring_up(self) -> None:
        """Fork a worker into a session of its own."""
        nursery = os.getpid()
        # What tells us to stop must not meet a child that still believes it is us.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        pid = os.fork()
        if pid == 0:
            work(nursery)
        self.workers.add(pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def end(self, number: int, frame: object) -> None:
        self.over = True
        for pid in self.workers:
            os.kill(pid, signal.SIGTERM)


def work(nursery: int) -> None:
    """Be a worker until the end of this process; it ends with the nursery."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        dying_with(nursery)()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        call_command("run_delivery")
        code = 0
    except Exception:  # the edge of the process: its last words
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    """Keep as many workers as the first argument says."""
    load_command_class("newsletter", "run_delivery")
    # Reading the addresses of all pages is a part of starting too.
    _ = get_resolver().url_patterns
    Nursery(int(sys.argv[1])).run()
