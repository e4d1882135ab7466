"""The workers of the house: started, counted, replaced when they die, asked to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

from django.conf import settings

from config.serving import Program, dying_with
from newsletter.proving import processes
from newsletter.proving.faults import Deed

# A worker finishes the message in hand; more than that is no graceful end.
END_SECONDS = 60.0
# Runs what follows in its own place, and keeps what it says in a file.
INTO_FILE = ("/bin/sh", "-c", 'log=$1; shift; exec "$@" >>"$log" 2>&1', "sh")
QUIET = ("-W", "ignore:You're running the worker with superuser privileges")


def inside(module: str, *words: str) -> list[str]:
    """Return the command of a process that lives inside the house."""
    code = (
        f"import django; django.setup(); from newsletter.proving import {module}; {module}.main()"
    )
    return [sys.executable, "-c", code, *words]


class Crew(ABC):
    """Workers that come back."""

    # How many messages a process, one with its children, and all of them may have under way.
    hands = 1
    hands_of_tree = 1
    hands_of_all: int

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def victims(self, deed: Deed) -> list[int]:
        """Return the processes that a fault may strike at this moment."""

    @abstractmethod
    def revive(self) -> None:
        """Start again what has ended."""

    @abstractmethod
    def end(self) -> bool:
        """Ask all to end; False where they had to be killed."""

    @abstractmethod
    def kill(self) -> None:
        """Leave nobody behind."""


class Deliverers(Crew):
    """So many ``run_delivery``, without a broker."""

    def __init__(self, environment: Mapping[str, str], size: int, log: Path) -> None:
        self.environment = environment
        self.size = self.hands_of_all = size
        self.log = log
        self.nursery: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.nursery = subprocess.Popen(  # noqa: S603  our own command, no shell
                inside("nursery", str(self.size)),
                cwd=settings.BASE_DIR,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=dying_with(os.getpid()),
            )

    def revive(self) -> None:
        """The nursery does it."""

    def victims(self, deed: Deed) -> list[int]:
        return processes.children_of(self.nursery.pid) if self.nursery else []

    def end(self) -> bool:
        if self.nursery is None:
            return True
        self.nursery.send_signal(signal.SIGTERM)
        try:
            return self.nursery.wait(END_SECONDS) == 0
        except subprocess.TimeoutExpired:
            return False

    def kill(self) -> None:
        if self.nursery is None or self.nursery.poll() is not None:
            return
        workers = self.victims(Deed.KILL)
        self.nursery.kill()
        for pid in workers:
            processes.do(Deed.KILL, pid)
        self.nursery.wait()


class Celery(Crew):
    """So many Celery workers with children, and one beat."""

    def __init__(
        self,
        environment: Mapping[str, str],
        size: int,
        log: Path,
        *,
        pool: str,
        concurrency: int,
    ) -> None:
        base = [*INTO_FILE, str(log), sys.executable, *QUIET]
        base += ["-m", "celery", "--quiet", "--app", "config"]
        worker = [*base, "worker", "--pool", pool, "--concurrency", str(concurrency)]
        worker += ["--without-gossip", "--without-mingle"]
        said = ["--loglevel", "error"]
        self.workers = [
            Program(f"worker {n}", [*worker, *said, "--hostname", f"worker{n}@%h"], environment)
            for n in range(size)
        ]
        self.beat = Program("beat", [*base, "beat", *said], environment)
        self.with_children = pool == "prefork"
        self.hands = 1 if self.with_children else concurrency
        self.hands_of_tree = concurrency
        self.hands_of_all = size * concurrency

    @property
    def programs(self) -> list[Program]:
        return [*self.workers, self.beat]

    def start(self) -> None:
        for program in self.programs:
            program.start()

    def victims(self, deed: Deed) -> list[int]:
        """A whole tree is struck at its root; the beat is one of them."""
        if deed in (Deed.KILL_TREE, Deed.KILL_ALL):
            return [program.process.pid for program in self.programs if program.process]
        roots = [program.process.pid for program in self.workers if program.process]
        if not self.with_children:
            return roots
        return [child for root in roots for child in processes.children_of(root)]

    def revive(self) -> None:
        for program in self.programs:
            if program.ended is not None:
                program.make_sure(monotonic())
                program.start()

    def end(self) -> bool:
        for program in self.programs:
            if program.process:
                # The worker alone: its children hear of it from their parent.
                program.process.terminate()
        deadline = monotonic() + END_SECONDS
        for program in self.programs:
            program.make_sure(deadline)
        return all((program.ended or 0) == 0 for program in self.programs)

    def kill(self) -> None:
        for program in self.programs:
            program.make_sure(monotonic())
