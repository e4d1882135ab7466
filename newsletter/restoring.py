"""Noticing that the database was restored from a backup, before it sends anything twice.

The database counts ticks, and every machine that ticks remembers on its disk how far it saw
the count. A database that counts less than a machine remembers is an older one: a backup, or
a standby that lacked the last commits. What it calls waiting may have been sent since, so its
open issues stop and say so; an editor compares and decides.

A machine that remembers nothing, or another database, takes the count as it is. A backup
that is younger than the last tick cannot be told from the database itself.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings
from django.db import connection, transaction

from newsletter import mailers
from newsletter.models import Delivery, DomainTurn, Issue, LedgerMark
from newsletter.states import DeliveryState, IssueState
from subscribers.models import Subscriber

log = logging.getLogger(__name__)

# The model allows this one row.
THE_ROW = 1
# After a restore the count goes on so far beyond what this machine remembers that it is also
# beyond what any other does, which would else notice the same restore once more. A year of
# ticks in every second is 31,536,000.
LEAP = 100_000_000

STOPPED = (
    "The database is older than it was: it was probably restored from a backup. What this "
    "issue sent since then is missing in its books, and would be sent again. Compare with the "
    "mail server's log, then"
)
PAUSED_REASON = f"{STOPPED} resume or cancel."
DRAFT_REASON = f"{STOPPED} approve it again or cancel."
WELCOME_REASON = "the database was restored from a backup, so it may have been sent already"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was stopped after a restore."""

    paused: int
    withdrawn: int
    welcomes: int


def advance(now: datetime) -> Restored | None:
    """Count a tick, and stop everything open first if the database was restored; once.

    Returns what was stopped, None where the database is the one that this machine knows.
    """
    # Read before the row is: what is remembered was committed by then.
    remembered = recall()
    stopped = None
    with transaction.atomic():
        LedgerMark.objects.get_or_create(pk=THE_ROW)
        mark = LedgerMark.objects.select_for_update().get(pk=THE_ROW)
        if mark.number < remembered:
            stopped = stop_all(now)
            mark.number = remembered + LEAP
        mark.number += 1
        mark.save(update_fields=["number"])
    if stopped is not None:
        log.critical("the database is older than it was; restored from a backup? %s", stopped)
    remember(mark.number)
    return stopped


def is_older() -> bool:
    """Tell whether the database counts less than this machine remembers; changes nothing."""
    remembered = recall()
    mark = LedgerMark.objects.filter(pk=THE_ROW).first()
    return remembered > (mark.number if mark else 0)


def stop_all(now: datetime) -> Restored:
    """Pause what is sending, withdraw what is approved, and give up welcomes that wait.

    An approved issue becomes a draft again, for it may have been sent as a whole; one that
    was paused already says why it must not just be resumed. What the database knew of mailers
    is as old: their rests and queues are over, and who needs an operator says so again. The
    day's count stays, the only one there is; what was begun since the backup it lacks.
    """
    mailers.wake_all()
    mailers.end_rests()
    DomainTurn.objects.all().delete()
    open_issues = Issue.objects.in_state(IssueState.SENDING, IssueState.PAUSED)
    approved = Issue.objects.in_state(IssueState.APPROVED)
    welcomes = Delivery.objects.filter(
        issue__state=IssueState.SENT,
        occasion=Delivery.Occasion.WELCOME,
        state__in=[DeliveryState.PENDING, DeliveryState.CLAIMED],
    )
    Subscriber.objects.filter(welcome_due_at__lte=now).update(welcome_due_at=None)
    return Restored(
        paused=open_issues.update(state=IssueState.PAUSED, state_reason=PAUSED_REASON),
        withdrawn=approved.update(state=IssueState.DRAFT, state_reason=DRAFT_REASON),
        welcomes=welcomes.update(
            state=DeliveryState.CANCELLED, reason=WELCOME_REASON, lease_until=None
        ),
    )


def recall() -> int:
    """Return how far this machine saw the database's count; 0 where it remembers nothing."""
    try:
        kept = json.loads(settings.LEDGER_MARK.read_text(encoding="utf-8"))
        number = int(kept["number"])
        return number if kept["database"] == address() else 0
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, TypeError, KeyError) as exc:
        log.warning("%s cannot be read, so it says nothing: %s", settings.LEDGER_MARK, exc)
        return 0


def remember(number: int) -> None:
    """Keep a committed count on disk, as a whole or not at all; a full disk stops nobody."""
    target: Path = settings.LEDGER_MARK
    draft = None
    try:
        with NamedTemporaryFile(
            "w", encoding="utf-8", dir=target.parent, prefix=target.name, delete=False
        ) as file:
            draft = Path(file.name)
            json.dump({"database": address(), "number": number}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError as exc:
        log.warning("%s cannot be written, so a restore may go unnoticed: %s", target, exc)
        if draft is not None:
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def address() -> str:
    """Return a fingerprint of where the database is: another one was not restored."""
    where = connection.settings_dict
    parts = [connection.vendor, where["HOST"], where["PORT"], where["NAME"]]
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()
