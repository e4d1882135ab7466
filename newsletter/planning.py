"""Planning an issue: one row in the ledger for everybody in the audience, with its due time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache, partial

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet

from newsletter import schedule
from newsletter.models import Delivery, Issue
from newsletter.publishing import attempt
from newsletter.rescheduling import BEGAN_BEFORE, catch_up, wanted_at
from newsletter.states import IssueState, WrongState
from subscribers.models import Subscriber

log = logging.getLogger(__name__)

# Rows a statement: SQLite allows 250,000 values in one, and memory stays flat.
BATCH = 2_000
# Hours times weekdays times the zones that readers really live in.
DUE_TIMES_REMEMBERED = 20_000
# A reader who deletes themselves in that moment undoes a plan; the next one is without them.
TRIES_A_TICK = 3


def audience_of(issue: Issue) -> QuerySet[Subscriber]:
    """Return everybody who confirmed and asked for this edition, the paused among them."""
    return Subscriber.objects.mailable().wanting(issue.kind)


def plan(issue: Issue, *, now: datetime, at_once: bool = False) -> int:
    """Write the ledger of an approved issue, move it to sending, and return its audience.

    All rows or none: one transaction. A row's due time is the reader's own, as it is at the
    commit, never before ``now``; with ``at_once`` it is ``now``. Its deadline counts from the
    time that the reader wanted, or from the approval if that came later: an editor who approves
    a late issue means it, and a machine that stood still does not. From then on anybody may read
    the issue on the web; where its page cannot be made, mails go out all the same. Raises
    WrongState where it is not approved, which is also what a second planner of the same issue
    meets.
    """
    with transaction.atomic():
        issue.become(
            IssueState.SENDING, out_of=IssueState.APPROVED, planned_at=now, state_reason=""
        )
        count = 0
        for batch in batches(due_rows(issue, now, at_once=at_once)):
            Delivery.objects.bulk_create(batch)
            count += len(batch)
        Issue.objects.filter(pk=issue.pk).update(audience=count)
        issue.audience = count
        catch_up(issue, now=now)
        transaction.on_commit(partial(welcome_missed, issue, now=now), robust=True)
    attempt(issue.pk, now=now)
    return count


def welcome_missed(issue: Issue, *, now: datetime) -> int:
    """Let a welcome be due for who confirmed while an issue was planned; return for how many.

    Planning reads readers as they are when it begins, and until its commit no welcome finds
    the issue. After it, every later welcome does.
    """
    row = Delivery.objects.filter(issue=issue, subscriber=OuterRef("pk"))
    missed = audience_of(issue).filter(
        ~Exists(row), welcome_due_at=None, confirmed_at__gte=now - BEGAN_BEFORE
    )
    return missed.update(welcome_due_at=now)


def due_rows(issue: Issue, now: datetime, *, at_once: bool) -> Iterator[Delivery]:
    """Yield a row a reader, streamed by key."""

    @lru_cache(maxsize=DUE_TIMES_REMEMBERED)
    def times(hour: int, weekday: int, zone: str) -> tuple[datetime, datetime]:
        """Return when a message is due, and its deadline."""
        if at_once:
            return now, schedule.deadline(issue.kind, now)
        wanted = wanted_at(issue, hour, weekday, zone)
        meant = max(wanted, issue.approved_at or wanted)
        return max(wanted, now), schedule.deadline(issue.kind, meant)

    readers = audience_of(issue).order_by("pk")
    for pk, *when in readers.values_list("pk", "hour", "weekday", "time_zone").iterator(BATCH):
        due_at, deadline = times(*when)
        yield Delivery(issue_id=issue.pk, subscriber_id=pk, due_at=due_at, deadline=deadline)


def batches(rows: Iterator[Delivery]) -> Iterator[list[Delivery]]:
    batch: list[Delivery] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def plan_due(now: datetime) -> list[Issue]:
    """Plan every approved issue whose day has begun somewhere, and return those planned.

    Planning waits until then so that readers who confirm in between are in the audience.
    An issue that cannot be planned is logged and holds up no other.
    """
    planned = []
    for issue in Issue.objects.in_state(IssueState.APPROVED).order_by("period_end", "pk"):
        if schedule.earliest_due(issue.period_end) > now:
            continue
        if plan_at_last(issue, now):
            planned.append(issue)
    return planned


def plan_at_last(issue: Issue, now: datetime) -> bool:
    """Plan an issue, and again at once if something was deleted meanwhile; tell whether it is."""
    for tries_left in reversed(range(TRIES_A_TICK)):
        try:
            plan(issue, now=now)
        except WrongState:
            return False  # another machine's tick was quicker
        except IntegrityError:
            if not tries_left:
                log.exception("%s could not be planned; the next tick tries again", issue.slug)
        else:
            return True
    return False
