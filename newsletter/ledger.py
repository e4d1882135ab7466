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
from django.db.models import F
from django.db.models.functions import Now

from newsletter.models import Delivery
from newsletter.models.deliveries import MAX_CLAIMS
from newsletter.states import DeliveryState, IssueState, SkipReason, deliveries_before

# delivery.md §3, found by trial: enough to keep the claim's cost small, few enough to lose.
CLAIM_SIZE = 20


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows that a worker may work on until its lease ends."""

    token: uuid.UUID
    delivery_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an attempt: a state to settle in, and how it is told.

    ``due_at`` says when a message proven not to be sent is tried again.
    """

    state: DeliveryState
    reason: str = ""
    reply: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Swept:
    """What the janitor did."""

    released: int
    poisoned: int
    doubtful: int


def claim(issue_id: int, *, now: datetime, size: int = CLAIM_SIZE) -> Claim:
    """Take up to ``size`` due rows of an issue that is sending; nobody else can have them."""
    token = uuid.uuid4()
    with transaction.atomic():
        due = (
            Delivery.objects.due(now)
            .filter(issue_id=issue_id, issue__state=IssueState.SENDING)
            .order_by("due_at", "pk")
            .select_for_update(skip_locked=True, of=("self",))
        )
        ids = tuple(due.values_list("pk", flat=True)[:size])
        Delivery.objects.filter(pk__in=ids, state=DeliveryState.PENDING).update(
            state=DeliveryState.CLAIMED,
            token=token,
            lease_until=Now() + timedelta(seconds=settings.CLAIM_LEASE_SECONDS),
            claims=F("claims") + 1,
        )
    return Claim(token, ids)


def skip(delivery_id: int, token: uuid.UUID, reason: SkipReason) -> bool:
    """Record why a reader gets nothing; False where the claim is not held any more."""
    rows = Delivery.objects.held(token).filter(pk=delivery_id, state=DeliveryState.CLAIMED)
    return bool(rows.update(state=DeliveryState.SKIPPED, reason=reason.value, lease_until=None))


def intend(
    delivery_id: int, token: uuid.UUID, *, revision_id: int, variant: str, stories: int
) -> bool:
    """Record that a message is about to leave; the caller commits before it does.

    False where nothing may be sent: the claim ran out, or the issue is not sending any more.
    """
    rows = Delivery.objects.held(token).filter(
        pk=delivery_id, state=DeliveryState.CLAIMED, issue__state=IssueState.SENDING
    )
    return bool(
        rows.update(
            state=DeliveryState.SENDING,
            lease_until=Now() + timedelta(seconds=settings.INTENT_LEASE_SECONDS),
            intent_at=Now(),
            attempts=F("attempts") + 1,
            claims=0,
            revision_id=revision_id,
            variant=variant,
            stories=stories,
            reason="",
        )
    )


def settle(delivery_id: int, token: uuid.UUID, result: Result) -> bool:
    """Write what became of an attempt; False where somebody else has settled it meanwhile.

    A worker that comes back after its lease still owns the truth about its own message, so it
    may settle a row that the janitor called doubtful.
    """
    fields: dict[str, object] = {
        "state": result.state,
        "reason": result.reason,
        "reply": result.reply,
        "lease_until": None,
    }
    if result.state == DeliveryState.SENT:
        fields["sent_at"] = Now()
    if result.due_at is not None:
        fields["due_at"] = result.due_at
    before = deliveries_before(result.state) & {DeliveryState.SENDING, DeliveryState.AMBIGUOUS}
    rows = Delivery.objects.filter(pk=delivery_id, token=token, state__in=before)
    return bool(rows.update(**fields))


def fail_claimed(delivery_id: int, token: uuid.UUID, reason: str) -> bool:
    """Give up a row for which no message can be made; False where the claim is lost."""
    rows = Delivery.objects.held(token).filter(pk=delivery_id, state=DeliveryState.CLAIMED)
    return bool(rows.update(state=DeliveryState.FAILED, reason=reason, lease_until=None))


def release(token: uuid.UUID) -> int:
    """Give back what a claim holds and has not begun to send; returns how many rows."""
    return Delivery.objects.filter(token=token, state=DeliveryState.CLAIMED).update(
        state=DeliveryState.PENDING, lease_until=None, claims=F("claims") - 1
    )


def sweep() -> Swept:
    """Put right what dead workers left: the janitor's round.

    Without a committed intent nothing was sent, so the row waits again, unless it was claimed
    MAX_CLAIMS times without an attempt. With one nobody knows, so the row is doubtful.
    """
    expired = Delivery.objects.expired()
    claimed = expired.filter(state=DeliveryState.CLAIMED)
    poisoned = claimed.filter(claims__gte=MAX_CLAIMS).update(
        state=DeliveryState.FAILED,
        reason=f"poison: {MAX_CLAIMS} workers in a row died or stopped before sending it",
        lease_until=None,
    )
    released = claimed.update(state=DeliveryState.PENDING, lease_until=None)
    doubtful = expired.filter(state=DeliveryState.SENDING).update(
        state=DeliveryState.AMBIGUOUS,
        reason="the worker died or stopped while it was sending",
        lease_until=None,
    )
    return Swept(released, poisoned, doubtful)
