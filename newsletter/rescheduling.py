"""Rescheduling: readers who change their hour get what waits for them at the new one."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from newsletter import schedule
from newsletter.models import Delivery, Issue
from newsletter.models.deliveries import DeliveryQuerySet
from newsletter.states import DeliveryState, IssueState
from subscribers.models import ConsentEvent, Subscriber
from subscribers.zones import zone_named

# A change bears the time at which its request began, by the clock of another machine. No
# request waits as long for its turn, and no two clocks of ours are so far apart.
BEGAN_BEFORE = timedelta(minutes=10)


def wanted_at(issue: Issue, hour: int, weekday: int, zone: str) -> datetime:
    """Return when a reader with this hour, weekday and zone wants an issue, gone by or not."""
    return schedule.due_at(
        issue.kind, issue.period_end, hour=hour, weekday=weekday, zone=zone_named(zone)
    )


def extend_deadlines(rows: QuerySet[Delivery], kind: str, *, now: datetime) -> int:
    """Give rows of a kind at least as long as what is due now has; returns how many got more.

    Somebody who decides now that messages go out means those that waited too long as well.
    Rows without a deadline stay without.
    """
    until = schedule.deadline(kind, now)
    return rows.filter(deadline__lt=until).update(deadline=until)


def reschedule(subscriber_id: int, *, now: datetime) -> int:
    """Give what waits for a reader the times that they want now, and return how many moved.

    What is due already goes out, whether by the old hour or because an editor sent it at once,
    and what was tried keeps the time of its next trial.

    Runs in a transaction that keeps the reader's row from being changed. Whoever sends or
    deletes locks rows first and then waits for the reader, so that to wait for a row in here
    could be a deadlock: rows that somebody else has locked are left out. They need no new
    time, because those who lock a row that is not due yet make it due, cancel it, or delete
    its reader. (Should the server fail them in that moment, a row keeps its old time.)
    """
    with transaction.atomic():
        reader = Subscriber.objects.filter(pk=subscriber_id).first()
        if reader is None:
            return 0
        rows = not_yet_due(now).filter(subscriber=reader).order_by("pk")
        return sum(move(row, reader, now) for row in rows.select_for_update(skip_locked=True))


def not_yet_due(now: datetime) -> DeliveryQuerySet:
    """Return rows that wait for a reader's hour, of issues that still go out."""
    # Asked as EXISTS: a join would lock the issue as well, and make its editor wait.
    open_ = Issue.objects.in_state(IssueState.SENDING, IssueState.PAUSED)
    rows: DeliveryQuerySet = Delivery.objects.filter(
        Exists(open_.filter(pk=OuterRef("issue_id"))),
        occasion=Delivery.Occasion.ISSUE,
        state=DeliveryState.PENDING,
        due_at__gt=now,
        # Every trial began with an intent, also one that is no attempt: no server was reached.
        intent_at=None,
    )
    return rows


def move(row: Delivery, reader: Subscriber, now: datetime) -> int:
    """Make one row due when its reader wants it; 1 where that is another time.

    Its deadline moves with it, also where the new time is over: it is asked for now.
    """
    wanted = wanted_at(row.issue, reader.hour, reader.weekday, reader.time_zone)
    due_at = max(wanted, now)
    rows = not_yet_due(now).filter(pk=row.pk).exclude(due_at=due_at)
    return rows.update(due_at=due_at, deadline=schedule.deadline(row.issue.kind, due_at))


def follow(sender: object, *, subscriber_id: int, now: datetime, **kwargs: object) -> None:
    """Reschedule in the transaction that changes a reader: a receiver of ``times_changed``."""
    reschedule(subscriber_id, now=now)


def catch_up(issue: Issue, *, now: datetime) -> int:
    """Reschedule readers who changed their minds while an issue was planned, in that transaction.

    Planning reads readers as they are when it begins, and nobody sees its rows before they are
    committed: a change in between finds nothing to move. Returns how many rows moved.
    """
    if not connection.features.has_select_for_update:
        return 0  # SQLite has one writer at a time: nothing was changed in between
    # Checks the rows' foreign keys now, and not with the commit. That waits for changes under
    # way, and makes later ones wait for the commit, after which they find the rows.
    connection.check_constraints()
    kinds = [ConsentEvent.Kind.CHANGED, ConsentEvent.Kind.RESUBSCRIBED]
    changed = ConsentEvent.objects.filter(kind__in=kinds, at__gte=now - BEGAN_BEFORE)
    readers = Subscriber.objects.filter(
        pk__in=changed.values("subscriber"), deliveries__in=not_yet_due(now).filter(issue=issue)
    )
    return sum(reschedule(pk, now=now) for pk in list(readers.values_list("pk", flat=True)))
