"""A house of its own in a folder: database, broker, mail server, clerk and workers."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from config.serving import dying_with
from newsletter.proving.crews import Celery, Crew, Deliverers, inside
from newsletter.proving.faults import Fault, Moment
from newsletter.proving.servers import Broker, CannotStart, Database
from newsletter.proving.verdict import Row, Taken

# Leases short enough to wait for. A message takes milliseconds here, so living workers keep
# them all the same.
CLAIM_LEASE_SECONDS = 3
INTENT_LEASE_SECONDS = 5
# What is shown of the log where something went wrong.
LAST_LINES = 30
FREEZE_SECONDS = INTENT_LEASE_SECONDS + 1.5


@dataclass(frozen=True, slots=True)
class Staff:
    """Which workers the house has: so many ``run_delivery``, or Celery's with children.

    ``window`` intents share a commit.
    """

    workers: int
    celery: bool = False
    pool: str = "prefork"
    concurrency: int = 2
    window: int = 1


class House:
    """The mail server, the clerk and the workers; ``with`` leaves none of them behind."""

    def __init__(self, folder: Path, database: Database, broker: Broker, staff: Staff) -> None:
        self.folder = folder
        self.database = database
        self.broker = broker
        self.environment = environment_of(folder, staff, database.environment, broker.environment)
        self.taken = folder / "taken"
        self.struck = folder / "struck"
        self.log = folder / "log"
        self.staff = staff
        self.sink: subprocess.Popen[str] | None = None
        self.clerk: subprocess.Popen[str] | None = None

    def furnish(self, served: int, seed: int) -> int:
        """Make readers and an issue that is due; return the issue's id."""
        self.clerk = self.spawn(inside("clerk"), stdin=subprocess.PIPE)
        return int(self.ask("furnish", served, seed))

    def open_mail_server(self, faults: tuple[Fault, ...]) -> None:
        """Start the mail server with the faults that are its part, and tell the workers where."""
        orders = self.folder / "orders.json"
        orders.write_text(
            json.dumps(
                {
                    "taken": str(self.taken),
                    "struck": str(self.struck),
                    "guard": os.getpid(),
                    "freeze_seconds": FREEZE_SECONDS,
                    "faults": [
                        (fault.after, fault.deed, fault.moment)
                        for fault in faults
                        if fault.moment is not Moment.ANY
                    ],
                }
            )
        )
        for path in (self.taken, self.struck):
            path.touch()
        self.sink = self.spawn([sys.executable, "-m", "newsletter.proving.sink", str(orders)])
        port = self.sink.stdout.readline().strip() if self.sink.stdout else ""
        if not port:
            raise CannotStart(f"The mail server did not start. {self.last_words()}")
        self.environment["EMAIL_PORT"] = port

    def crew(self) -> Crew:
        """Return the workers, which are not started yet."""
        log, staff = self.log, self.staff
        if not staff.celery:
            return Deliverers(self.environment, staff.workers, log)
        return Celery(
            self.environment,
            staff.workers,
            log,
            pool=staff.pool,
            concurrency=staff.concurrency,
        )

    def ask(self, duty: str, *arguments: Any) -> Any:
        """Have the clerk do something; raises CannotStart where that was its end."""
        if self.clerk is None or self.clerk.stdin is None or self.clerk.stdout is None:
            raise ValueError("the house is not furnished yet")
        self.clerk.stdin.write(json.dumps([duty, *arguments]) + "\n")
        self.clerk.stdin.flush()
        line = self.clerk.stdout.readline()
        if not line:
            raise CannotStart(f"The clerk ended when asked to {duty}. {self.last_words()}")
        return json.loads(line)

    def rows(self) -> Iterator[Row]:
        """Yield the ledger as it stands."""
        path = self.folder / "rows"
        self.ask("write_rows", str(path))
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield Row(*json.loads(line))

    def messages(self) -> Iterator[Taken]:
        """Yield what the mail server took, in order."""
        with self.taken.open(encoding="utf-8") as file:
            for line in file:
                at, uid, recipient = line.split()
                yield Taken(float(at), uid, recipient)

    def last_words(self) -> str:
        """Return the end of what all processes wrote on standard error."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(["The last words:", *lines[-LAST_LINES:]])

    def spawn(self, command: list[str], stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603  our own commands, no shell
                command,
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                preexec_fn=dying_with(os.getpid()),
            )

    def __enter__(self) -> House:
        return self

    def __exit__(self, *args: object) -> None:
        for process in (self.sink, self.clerk):
            if process is not None:
                process.kill()
                process.wait()
                for stream in (process.stdin, process.stdout):
                    if stream is not None:
                        with contextlib.suppress(OSError):
                            stream.close()


def environment_of(folder: Path, staff: Staff, *parts: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of the house, and nothing of the installation's own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TZ") if name in os.environ}
    environment = {
        **kept,
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(settings.BASE_DIR),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "ENV_FILE": os.devnull,
        "VAR_DIR": str(folder),
        "STATIC_MANIFEST": "off",
        "EMAIL_HOST": "127.0.0.1",
        "TICK_SECONDS": "1",
        "CLAIM_LEASE_SECONDS": str(CLAIM_LEASE_SECONDS),
        "EMAIL_FINAL_TIMEOUT": str(INTENT_LEASE_SECONDS),
        "INTENT_LEASE_SECONDS": str(INTENT_LEASE_SECONDS),
        "DRAINS_PER_ISSUE": str(staff.workers * staff.concurrency),
        "INTENTS_PER_COMMIT": str(staff.window),
        "LOG_LEVEL": "ERROR",
    }
    for part in parts:
        environment |= part
    return environment
