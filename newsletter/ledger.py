"""The protocol of the ledger: claim, intent, result, release, sweep. No network in here.

A worker claims rows for two minutes, and commits its intent before a message's first byte
leaves. What it then learns it writes with the same token. A row whose worker died is
returned to the queue if no intent was committed, and is doubtful if one was.
Leases are counted by the database's clock, which all workers share.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from newsletter.models import Delivery, Issue
from newsletter.models.deliveries import MAX_DEATHS
from newsletter.states import DeliveryState, IssueState, SkipReason, deliveries_before

# Enough to keep the cost of a claim small, few enough to wait for after a death.
CLAIM_SIZE = 20
REASON_LENGTH = 300
ISSUE_CLOSED = "not sent, and the issue was closed meanwhile"


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows that a worker may work on until its lease ends."""

    token: uuid.UUID
    delivery_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an attempt: a state to settle in, and how it is told.

    ``due_at`` says when a message proven not to be sent is tried again; ``tried`` is False
    where the server could not be reached, which is no attempt at this message.
    """

    state: DeliveryState
    reason: str = ""
    reply: str = ""
    due_at: datetime | None = None
    tried: bool = True


@dataclass(frozen=True, slots=True)
class Swept:
    """What the janitor did."""

    released: int
    poisoned: int
    doubtful: int
    ended: int = 0

    @property
    def anything(self) -> bool:
        return bool(self.released or self.poisoned or self.doubtful or self.ended)


def in_state(*states: IssueState) -> Exists:
    """Ask for a row's issue inside the row's own UPDATE.

    A join would become a subquery over rows, whose answer PostgreSQL keeps from before it
    waited for a lock; what another worker or an editor did meanwhile would be overwritten.
    """
    return Exists(Issue.objects.filter(pk=OuterRef("issue_id"), state__in=states))


def goes_out() -> Q:
    """Ask for a row's turn inside its own UPDATE: its issue is sending.

    A welcome may go out of an issue that was sent, too, unless mails lack its correction.
    """
    welcoming = Exists(Issue.objects.filter(pk=OuterRef("issue_id")).welcoming())
    return Q(in_state(IssueState.SENDING)) | Q(welcoming, occasion=Delivery.Occasion.WELCOME)


def claim(issue_id: int, *, now: datetime, size: int = CLAIM_SIZE) -> Claim:
    """Take up to ``size`` due rows of an issue that may go out; nobody else can have them.

    A row that was in the hands of a worker when it died is taken by itself, so that one
    which kills its workers is found without harm to the others.
    """
    token = uuid.uuid4()
    issue = Issue.objects.filter(pk=issue_id).rested(now)
    sending = Q(Exists(issue.in_state(IssueState.SENDING)))
    welcomes = Q(Exists(issue.welcoming()), occasion=Delivery.Occasion.WELCOME)
    with transaction.atomic():
        due = (
            Delivery.objects.due(now)
            .filter(sending | welcomes, issue_id=issue_id)
            .order_by("due_at", "pk")
            .select_for_update(skip_locked=True)
        )
        unharmed = due.filter(deaths=0).values_list("pk", flat=True)[:size]
        ids = tuple(unharmed) or tuple(due.values_list("pk", flat=True)[:1])
        Delivery.objects.filter(pk__in=ids, state=DeliveryState.PENDING).update(
            state=DeliveryState.CLAIMED,
            token=token,
            lease_until=Now() + timedelta(seconds=settings.CLAIM_LEASE_SECONDS),
        )
    return Claim(token, ids)


def skip(delivery_id: int, token: uuid.UUID, reason: SkipReason) -> bool:
    """Record why a reader gets nothing; False where the claim is not held any more."""
    rows = Delivery.objects.held(token).filter(pk=delivery_id, state=DeliveryState.CLAIMED)
    return bool(rows.update(state=DeliveryState.SKIPPED, reason=reason.value, lease_until=None))


def intend(
    delivery_id: int,
    token: uuid.UUID,
    *,
    revision_id: int,
    variant: str,
    stories: int,
    shown: str,
) -> bool:
    """Record that a message is about to leave; the caller commits before it does.

    ``stories`` counts those that stand in it, and ``shown`` says which. False where nothing
    may be sent: the claim ran out, or the issue is not sending any more.
    """
    rows = Delivery.objects.held(token).filter(
        goes_out(), pk=delivery_id, state=DeliveryState.CLAIMED
    )
    return bool(
        rows.update(
            state=DeliveryState.SENDING,
            lease_until=Now() + timedelta(seconds=settings.INTENT_LEASE_SECONDS),
            intent_at=Now(),
            attempts=F("attempts") + 1,
            deaths=0,
            revision_id=revision_id,
            variant=variant,
            stories=stories,
            shown=shown,
            reason="",
        )
    )


def settle(delivery_id: int, token: uuid.UUID, result: Result) -> bool:
    """Write what became of an attempt; False where somebody else has settled it meanwhile.

    A worker that comes back after its lease still owns the truth about its own message, so it
    may settle a row that the janitor called doubtful.
    """
    before = deliveries_before(result.state) & {DeliveryState.SENDING, DeliveryState.AMBIGUOUS}
    rows = Delivery.objects.filter(pk=delivery_id, token=token, state__in=before)
    fields: dict[str, object] = {
        "state": result.state,
        "reason": result.reason,
        "reply": result.reply,
        "lease_until": None,
    }
    if not result.tried:
        fields["attempts"] = F("attempts") - 1
    if result.state == DeliveryState.SENT:
        fields["sent_at"] = Now()
    if result.state != DeliveryState.PENDING:
        return bool(rows.update(**fields))
    welcome = Q(in_state(IssueState.SENT), occasion=Delivery.Occasion.WELCOME)
    going_on = Q(in_state(IssueState.SENDING, IssueState.PAUSED)) | welcome
    if rows.filter(going_on).update(**fields, due_at=result.due_at):
        return True
    fields |= {
        "state": DeliveryState.CANCELLED,
        "reason": f"{ISSUE_CLOSED}: {result.reason}"[:REASON_LENGTH],
    }
    return bool(rows.update(**fields))


def fail_claimed(delivery_id: int, token: uuid.UUID, reason: str) -> bool:
    """Give up a row for which no message can be made; False where the claim is lost."""
    rows = Delivery.objects.held(token).filter(pk=delivery_id, state=DeliveryState.CLAIMED)
    return bool(rows.update(state=DeliveryState.FAILED, reason=reason, lease_until=None))


def release(token: uuid.UUID) -> int:
    """Give back what a claim holds and has not begun to send; returns how many rows."""
    return Delivery.objects.filter(token=token, state=DeliveryState.CLAIMED).update(
        state=DeliveryState.PENDING, lease_until=None
    )


def sweep() -> Swept:
    """Put right what dead workers left: the janitor's round.

    Without a committed intent nothing was sent, so the row waits again, unless workers died
    over it alone MAX_DEATHS times. With one nobody knows, so the row is doubtful.
    """
    expired = Delivery.objects.expired()
    claimed = expired.filter(state=DeliveryState.CLAIMED)
    poisoned = claimed.filter(deaths__gte=MAX_DEATHS - 1).update(
        state=DeliveryState.FAILED,
        deaths=F("deaths") + 1,
        reason=f"poison: {MAX_DEATHS} workers in a row died or stopped before sending it",
        lease_until=None,
    )
    released = claimed.update(state=DeliveryState.PENDING, deaths=F("deaths") + 1, lease_until=None)
    doubtful = expired.filter(state=DeliveryState.SENDING).update(
        state=DeliveryState.AMBIGUOUS,
        reason="the worker died or stopped while it was sending",
        lease_until=None,
    )
    return Swept(released, poisoned, doubtful, end_leftovers())


def end_leftovers() -> int:
    """End rows that wait in an issue which was closed in the same moment; returns how many."""
    sent = Q(in_state(IssueState.SENT), occasion=Delivery.Occasion.ISSUE)
    closed = Q(in_state(IssueState.CANCELLED)) | sent
    left = Delivery.objects.filter(closed, state=DeliveryState.PENDING)
    return left.update(state=DeliveryState.CANCELLED, reason=ISSUE_CLOSED)
