"""An installation in a folder of its own, with a mail server and workers as in production."""

import atexit
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SLUG = "daily-2026-11-20"
# Far more than anything takes; what hangs must fail its test, not hang the run.
PATIENCE_SECONDS = 240
RUN_DELIVERY = ("manage.py", "run_delivery")
CELERY = (
    "-m",
    "celery",
    "-A",
    "config",
    "worker",
    "--beat",
    "--pool=threads",
    "--concurrency=2",
    "--loglevel=error",
)

# As the settings name it.
DATABASE = "broadsheet.sqlite3"

PREPARE = """
from datetime import date
from django.utils import timezone
from newsletter.steering import send_now
from subscribers.models import Subscriber
from tests.factories import make_issue, make_source, make_story

sources = [make_source() for _ in range(4)]
issue = make_issue()
for source in sources:
    make_story(issue, source)
now = timezone.now()
Subscriber.objects.bulk_create(
    Subscriber(
        email=f"reader{n}@example.com", state="active", confirmed_at=now, all_sources=n %% 2 == 0
    )
    for n in range(%d)
)
through = Subscriber.sources.through
through.objects.bulk_create(
    through(subscriber_id=pk, source_id=sources[pk %% 4].pk)
    for pk in Subscriber.objects.filter(all_sources=False).values_list("pk", flat=True)
)
send_now(issue, now=now, confirmed_late=True)
"""
REPORT = """
import json
from newsletter.models import Delivery
rows = Delivery.objects.values_list("uid", "state")
print(json.dumps({str(uid): state for uid, state in rows}))
"""


class Installation:
    """An installation of its own in a folder, and workers on it that can be killed."""

    def __init__(
        self, folder: Path, port: int, command: tuple[str, ...], **environment: str
    ) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "VAR_DIR": str(folder),
            "ENV_FILE": os.devnull,
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(port),
            "TICK_SECONDS": "1",
            "CLAIM_LEASE_SECONDS": "2",
            "EMAIL_FINAL_TIMEOUT": "3",
            "INTENT_LEASE_SECONDS": "3",
            "LOG_LEVEL": "ERROR",
            **environment,
        }
        self.command = command
        self.workers: list[subprocess.Popen[bytes]] = []

    def manage(self, *words: str, patience: float = PATIENCE_SECONDS) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def migrate(self) -> None:
        """Make the tables; in SQLite's file by copying one that has them."""
        if "DATABASE_URL" in self.environment:
            self.manage("migrate", "--verbosity=0")
            return
        own = Path(self.environment["VAR_DIR"]) / DATABASE
        with (
            contextlib.closing(sqlite3.connect(migrated())) as source,
            contextlib.closing(sqlite3.connect(own)) as target,
        ):
            source.backup(target)

    def prepare(self, readers: int) -> None:
        """Migrate, and plan an issue of four stories for readers of whom half chose one source."""
        self.migrate()
        self.manage("shell", "--verbosity=0", "-c", PREPARE % readers)

    def start(self, count: int) -> None:
        """Start so many workers."""
        self.workers = [
            subprocess.Popen(
                [sys.executable, *self.command],
                cwd=ROOT,
                env=self.environment,
                stdout=subprocess.DEVNULL,
                # A worker's beat is a process of its own, and must die with it.
                start_new_session=True,
            )
            for _ in range(count)
        ]

    def kill(self) -> None:
        """End all workers at once, with whatever they started, without a word of warning."""
        for worker in self.workers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)

    def bury(self) -> None:
        """Kill all workers and wait until they are gone."""
        self.kill()
        for worker in self.workers:
            worker.wait()

    def stop(self) -> None:
        """Ask all workers to end, and wait until they have."""
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(timeout=PATIENCE_SECONDS)

    def states(self) -> dict[str, str]:
        """Return every delivery's state by its Message-ID's left side."""
        return dict(json.loads(self.manage("shell", "--verbosity=0", "-c", REPORT)))


@cache
def migrated() -> Path:
    """Return SQLite's file with all tables and no rows of ours, made once for a whole run."""
    folder = Path(tempfile.mkdtemp(prefix="broadsheet-tables-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Installation(folder, 1, ()).manage("migrate", "--verbosity=0")
    return folder / DATABASE
