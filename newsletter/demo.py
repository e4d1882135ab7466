"""The main job of a fresh house: seed it, send the sample issues, show the books.

Every step finds its own work done and leaves it: a second run sends nobody anything again,
whatever day it is, and a run that was cut off is taken up where it ended.
"""

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Self

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.utils import timezone

from newsletter import ledger, samples, sending, steering, ticking
from newsletter.auditing import Books, books
from newsletter.models import Issue
from newsletter.states import IssueState
from subscribers.models import Source, Subscriber

EDITOR = "editor"
# 64 bits: what is typed once and then kept by the browser need not be longer.
PASSWORD_BYTES = 8
# Sample issues take a second; nobody should wait longer than this for a stuck one.
SEND_SECONDS = 120.0
UNSENT = (IssueState.DRAFT, IssueState.APPROVED, IssueState.SENDING)


@dataclass(frozen=True, slots=True)
class Seeding:
    """When the samples were stored, and whether they are all sent; kept between runs."""

    newest: date
    finished: bool = False

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return what was kept, or None where nothing was or it cannot be read."""
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            return cls(date.fromisoformat(kept["newest"]), bool(kept["finished"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, path: Path) -> None:
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self), default=str), encoding="utf-8")
        draft.replace(path)


class AlreadyRunning(Exception):
    """Another process does the main job in the same folder."""


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a folder's main job for this process; raise AlreadyRunning where another has it.

    The kernel lets go when the process ends, however it ends.
    """
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise AlreadyRunning(
                f"Broadsheet already runs in {path.parent}. Stop it first, or give this one a "
                f"folder of its own: VAR_DIR=/some/folder PORT=8001 ./run"
            ) from exc
        yield


def prepare() -> None:
    """Bring the database and the collected static files up to date, and load the catalogue."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    if not Source.objects.exists():
        call_command("load_sources", verbosity=0)


def begun_seeding(path: Path, today: date) -> Seeding | None:
    """Return the seeding to begin or to go on with, or None where it is finished or unwanted.

    Samples go into an empty house alone: one with issues or readers of its own gets none.
    """
    if not Issue.objects.exists() and not Subscriber.objects.exists():
        fresh = Seeding(newest=today)
        fresh.write(path)
        return fresh
    kept = Seeding.read(path)
    return None if kept is None or kept.finished else kept


def seed(seeding: Seeding, now: datetime) -> list[Issue]:
    """Store sample readers and issues as far as they lack, and return the issues in order."""
    samples.store_readers(now)
    return samples.store_issues(seeding.newest)


def send(issue: Issue, *, on_progress: Callable[[int, int], None]) -> None:
    """Send a sample issue to everybody who has not got it; ``on_progress`` takes done, total.

    What an editor paused, cancelled or sent before is left alone.
    """
    if issue.state not in UNSENT:
        return
    # The samples of a run that was cut off days ago are late, and meant all the same.
    steering.send_now(issue, now=timezone.now(), confirmed_late=True)
    ledger.sweep()
    before = books(issue)
    sending.drain(
        issue.pk,
        seconds=SEND_SECONDS,
        on_progress=lambda so_far: on_progress(before.done + so_far.rows, before.audience),
    )
    ticking.close_finished(timezone.now())
    issue.refresh_from_db()
    on_progress(books(issue).done, before.audience)


def finish(seeding: Seeding, path: Path, issues: Iterable[Issue]) -> None:
    """Remember that the samples are sent, so that they are never looked at again."""
    if not any(issue.state in UNSENT for issue in issues):
        replace(seeding, finished=True).write(path)


def table(rows: Iterable[tuple[str, Books]]) -> list[str]:
    """Return the books of several issues as the lines of a table, and whether they balance."""
    accounts = dict(rows)
    head = f"{'':<20}{'audience':>9}{'sent':>6}{'variants':>10}{'seconds':>9}   skipped"
    balanced = all(account.balanced for account in accounts.values())
    foot = "The books balance." if balanced else "THE BOOKS DO NOT BALANCE: ./run audit_issue"
    return [head, *(row(name, account) for name, account in accounts.items()), foot]


def row(name: str, account: Books) -> str:
    seconds = "" if account.seconds is None else f"{account.seconds:.2f}"
    others = {
        **account.skipped,
        "suppressed": account.suppressed,
        "failed": account.failed,
        "doubtful": account.ambiguous,
        "waiting": account.waiting,
    }
    why = ", ".join(f"{n} {word.replace('_', ' ')}" for word, n in sorted(others.items()) if n)
    numbers = f"{account.audience:>9}{account.sent:>6}{account.variants:>10}{seconds:>9}"
    return f"{name:<20}{numbers}   {why or 'nobody'}"


def editor_password(path: Path) -> str | None:
    """Return the password of the user ``editor``, or None where somebody has changed it.

    Makes the user, where there is no superuser yet, with a password kept in a file that
    only its owner can read.
    """
    users = get_user_model()._default_manager
    if not users.filter(is_superuser=True).exists():
        password = secrets.token_hex(PASSWORD_BYTES)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(password + "\n")
        editor = users.create(username=EDITOR, is_staff=True, is_superuser=True)
        editor.set_password(password)
        editor.save(update_fields=["password"])
        return password
    user = users.filter(username=EDITOR, is_active=True).first()
    try:
        kept = path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return kept if user is not None and user.check_password(kept) else None
