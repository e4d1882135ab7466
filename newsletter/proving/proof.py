"""One proof: what was asked for, the house built for it, the soak in it, the verdict."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from newsletter.proving import processes
from newsletter.proving.crews import Crew
from newsletter.proving.faults import Wanted, plan
from newsletter.proving.house import House, Staff
from newsletter.proving.readers import expected
from newsletter.proving.servers import (
    BorrowedPostgres,
    Broker,
    CannotStart,
    Database,
    Folder,
    OwnPostgres,
    Redis,
    Sqlite,
)
from newsletter.proving.soak import Pause, Record, Soak, may_be_doubtful
from newsletter.proving.verdict import (
    Circumstances,
    Reconciled,
    Verdict,
    judge,
    line,
    table,
    untrue_rows,
)

SQLITE, POSTGRES = "sqlite", "postgres"
READERS = 5_000
KILLS = 50
WORKERS = 4
CELERY_WORKERS = 2
# Fewer make no sense; of a window, no more than INTENTS_PER_COMMIT takes.
LEAST = {
    "readers": 1,
    "kills": 0,
    "concurrency": 1,
    "pauses": 0,
    "database_stops": 0,
    "window": 1,
    "broker_kills": 0,
}
MOST = {"window": 20}
# What is promised of an editor's pause.
HEEDED_WITHIN_SECONDS = 1.0


def add_arguments(parser: ArgumentParser) -> None:
    """Add what may be asked for to a command."""
    add = parser.add_argument
    add("--readers", type=int, default=READERS, help="who are to get it; others come on top")
    add("--kills", type=int, default=KILLS, help="kill -9, half of them at the server's answer")
    add("--seed", type=int, default=1, help="repeats a plan of faults")
    add("--engine", choices=[SQLITE, POSTGRES], default=SQLITE)
    add("--database-url", default="", help="a PostgreSQL server to borrow a database of")
    add("--celery", action="store_true", help="Celery's workers instead of run_delivery")
    add("--broker", choices=["redis", "folder"], help="of Celery; Redis where it is installed")
    add("--pool", choices=["prefork", "threads"], default="prefork", help="of Celery's workers")
    add("--concurrency", type=int, default=2, help="children or threads of a Celery worker")
    add("--workers", type=int, help=f"{WORKERS}, with Celery {CELERY_WORKERS}")
    add("--pauses", type=int, default=0, help="SIGSTOP beyond the lease, then SIGCONT")
    add("--database-stops", type=int, default=0, help="immediate stops of a PostgreSQL of its own")
    add("--window", type=int, default=1, help="intents that share a commit")
    add("--pause-test", action="store_true", help="pause the issue on the way, and see it heeded")
    add("--broker-kills", type=int, default=0, help="kill -9 of Redis and FLUSHALL, by turns")


def refuse_senseless(options: Mapping[str, Any]) -> None:
    """Raise CannotStart for a number that no proof can be run with."""
    for name, least in LEAST.items():
        number, most = options[name], MOST.get(name)
        if number < least or (most is not None and number > most):
            limits = f"at least {least}" if most is None else f"between {least} and {most}"
            raise CannotStart(f"--{name.replace('_', '-')} {number}: it must be {limits}.")
    # None is the default of each kind.
    if options["workers"] is not None and options["workers"] < 1:
        raise CannotStart(f"--workers {options['workers']}: it must be at least 1.")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody wants to see proved."""

    readers: int
    seed: int
    engine: str
    server: str
    broker: str
    staff: Staff
    faults: Wanted = field(default_factory=Wanted)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Read a command's options; raises CannotStart for what does not go together."""
        celery = bool(options["celery"])
        workers = options["workers"] or (CELERY_WORKERS if celery else WORKERS)
        staff = Staff(workers, celery, options["pool"], options["concurrency"], options["window"])
        stops, broker_kills = options["database_stops"], options["broker_kills"]
        server = options["database_url"] or ("" if stops else os.environ.get("TEST_POSTGRES_URL"))
        refuse_senseless(options)
        if stops and (options["engine"] != POSTGRES or options["database_url"]):
            raise CannotStart("--database-stops needs --engine postgres and a server of its own.")
        if broker_kills and not celery:
            raise CannotStart("--broker-kills needs --celery: nothing else has a broker.")
        if options["pause_test"] and options["pauses"]:
            raise CannotStart("--pause-test looks at living workers: leave --pauses out.")
        return cls(
            readers=options["readers"],
            seed=options["seed"],
            engine=options["engine"],
            server=server or "",
            broker=options["broker"] or ("redis" if Redis.is_here() else "folder"),
            staff=staff,
            faults=Wanted(
                kills=options["kills"],
                freezes=options["pauses"],
                database_stops=stops,
                broker_faults=broker_kills,
                pause=options["pause_test"],
                trees=celery and staff.pool == "prefork",
            ),
        )

    def in_words(self) -> str:
        """Return one line that says what is proved, and how to repeat it."""
        staff = self.staff
        who = f"{staff.workers} run_delivery"
        if staff.celery:
            each = f"{staff.concurrency} {'children' if staff.pool == 'prefork' else 'threads'}"
            who = f"{staff.workers} Celery workers of {each}, woken through {self.broker}"
        wanted = self.faults
        counts = [
            (wanted.kills, "kills"),
            (wanted.freezes, "pauses"),
            (wanted.database_stops, "database stops"),
            (wanted.broker_faults, "broker faults"),
        ]
        what = ", ".join(f"{number:,} {name}" for number, name in counts if number) or "no faults"
        return f"{self.readers:,} messages on {self.engine} by {who}; {what}; seed {self.seed}."


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof found: in the soak, after reconciliation, and when the issue was paused."""

    verdict: Verdict
    reconciled: Reconciled
    pause: Pause | None = None
    pause_allows: int = 0
    last_words: str = ""

    @property
    def faults_found(self) -> list[str]:
        """Say in sentences what must not be; empty where every promise was kept."""
        found = [*self.verdict.faults_found, *self.reconciled.faults_found]
        if self.pause is None:
            return found
        if self.pause.messages > self.pause_allows:
            found.append(f"{self.pause.messages} messages were begun after the issue was paused.")
        if self.pause.seconds > HEEDED_WITHIN_SECONDS:
            found.append(
                f"A message left {self.pause.seconds:.3f} seconds after the issue was paused."
            )
        return found

    def table(self) -> list[str]:
        """Return all that was found as the lines of a table."""
        after = self.reconciled
        rows = [
            ("doubtful before the list", f"{after.before:,}"),
            ("doubtful after it", f"{after.after:,}"),
            ("untrue after it", f"{after.untrue:,}"),
        ]
        if self.pause is not None:
            rows.append(("messages after a pause", f"{self.pause.messages:,}"))
            rows.append(("  for so many seconds", f"{self.pause.seconds:.3f}"))
        return [*table(self.verdict), *map(line, rows)]


class Proof:
    """Build the house, run the soak, compare; nothing is left behind."""

    def __init__(self, wishes: Wishes, folder: Path) -> None:
        self.wishes = wishes
        self.folder = folder

    def run(self, on_progress: Callable[[int, int], None]) -> Proven:
        """Return what was found; raises CannotStart where something is missing."""
        if not sys.platform.startswith("linux"):
            raise CannotStart("Faults are aimed by Linux's /proc, which this system has not.")
        processes.adopt_orphans()
        wishes = self.wishes
        faults = plan(wishes.faults, messages=wishes.readers, seed=wishes.seed)
        with ExitStack() as stack:
            database = stack.enter_context(self.database())
            broker = stack.enter_context(self.broker())
            house = stack.enter_context(House(self.folder, database, broker, wishes.staff))
            house.furnish(wishes.readers, wishes.seed)
            house.open_mail_server(faults)
            crew = house.crew()
            record = Soak(house, crew, faults, seed=wishes.seed, on_progress=on_progress).run()
            return self.compare(house, record, crew, planned=len(faults))

    def compare(self, house: House, record: Record, crew: Crew, *, planned: int) -> Proven:
        """Hold the ledger against the server's list, settle what is doubtful, and do it again."""
        window = self.wishes.staff.window
        imbalances = list(house.ask("audit"))
        if not record.ended_well:
            imbalances.append("Workers that were asked to end did not, or not well.")
        circumstances = Circumstances(
            faults=len(record.struck),
            planned=planned,
            allowed=may_be_doubtful(record.struck, crew, window=window),
            seconds=record.seconds,
            imbalances=tuple(imbalances),
        )
        everybody = expected(self.wishes.readers, self.wishes.seed)
        verdict = judge(everybody, house.rows(), house.messages(), circumstances)
        settled = house.ask("settle_by_list", str(house.taken))
        uids = {message.uid for message in house.messages()}
        reconciled = Reconciled(**settled, untrue=untrue_rows(house.rows(), uids))
        allows = crew.hands_of_all * window
        return Proven(verdict, reconciled, record.pause, allows, house.last_words())

    def database(self) -> Database:
        if self.wishes.engine == SQLITE:
            return Sqlite()
        if self.wishes.server:
            return BorrowedPostgres(self.wishes.server)
        return OwnPostgres(self.folder)

    def broker(self) -> Broker:
        if self.wishes.staff.celery and self.wishes.broker == "redis":
            return Redis(self.folder)
        return Folder(self.folder)
