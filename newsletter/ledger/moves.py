"""What becomes of a claimed row: its intent, its result, or why there is none."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from newsletter.ledger.turns import LEASED_UNTIL, goes_out, in_state
from newsletter.models import Delivery
from newsletter.states import DeliveryState, IssueState, SkipReason, deliveries_before
from subscribers.prepared import change, given

REASON_LENGTH = 300
# Only of these a result may still be written.
IN_DOUBT = frozenset({DeliveryState.SENDING, DeliveryState.AMBIGUOUS})
ISSUE_CLOSED = "not sent, and the issue was closed meanwhile"
FORGOTTEN = "its reader was deleted while it was sent"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an attempt: a state to settle in, and how it is told.

    ``due_at`` says when a message proven not to be sent is tried again; ``tried`` is False
    where the server could not be reached, which is no attempt at this message. ``mailer`` is
    the one that may have it although this attempt failed, from an earlier doubtful one; where
    a message was sent, or is doubtful, it is the one of the intent in any case.
    """

    state: DeliveryState
    reason: str = ""
    reply: str = ""
    due_at: datetime | None = None
    tried: bool = True
    mailer: str = ""


def unless_forgotten(words: Any, instead: str) -> Case:
    """Return a server's words, which may name a reader, for as long as there is the reader."""
    return Case(When(subscriber=None, then=Value(instead)), default=words)


# What every message needs is prepared.
INTENT = change(
    lambda: (
        Delivery.objects.held(given(Delivery, "token"))
        .filter(goes_out(), id=given(Delivery, "id"))
        .filter(state=DeliveryState.CLAIMED)
    ),
    state=DeliveryState.SENDING,
    lease_until=LEASED_UNTIL,
    intent_at=Now(),
    attempts=F("attempts") + 1,
    deaths=0,
    revision=given(Delivery, "revision"),
    variant=given(Delivery, "variant"),
    stories=given(Delivery, "stories"),
    shown=given(Delivery, "shown"),
    mailer=given(Delivery, "mailer"),
    reason="",
)
ACCEPTANCE = change(
    lambda: Delivery.objects.filter(
        id=given(Delivery, "id"),
        token=given(Delivery, "token"),
        state__in=deliveries_before(DeliveryState.SENT) & IN_DOUBT,
    ),
    state=DeliveryState.SENT,
    reason=given(Delivery, "reason"),
    reply=unless_forgotten(given(Delivery, "reply"), ""),
    lease_until=None,
    sent_at=Now(),
)


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
    mailer: str,
) -> bool:
    """Record that a message is about to leave; the caller commits before it does.

    ``stories`` counts those that stand in it, and ``shown`` says which; ``mailer`` is to take
    it, and no other one may after that unless it is proven that it has not. False where nothing
    may be sent: the claim ran out, or the issue is not sending any more.
    """
    begun = INTENT.rows(
        id=delivery_id,
        token=token,
        lease=timedelta(seconds=settings.INTENT_LEASE_SECONDS),
        revision=revision_id,
        variant=variant,
        stories=stories,
        shown=shown,
        mailer=mailer,
    )
    return bool(begun)


def settle(delivery_id: int, token: uuid.UUID, result: Result) -> bool:
    """Write what became of an attempt; False where somebody else has settled it meanwhile.

    A worker that comes back after its lease still owns the truth about its own message, so it
    may settle a row that the janitor called doubtful.
    """
    if result.state == DeliveryState.SENT:
        words = {"reason": result.reason, "reply": result.reply}
        return bool(ACCEPTANCE.rows(id=delivery_id, token=token, **words))
    before = deliveries_before(result.state) & IN_DOUBT
    rows = Delivery.objects.filter(pk=delivery_id, token=token, state__in=before)
    fields: dict[str, object] = {
        "state": result.state,
        "reason": unless_forgotten(Value(result.reason), FORGOTTEN),
        "reply": unless_forgotten(Value(result.reply), ""),
        "lease_until": None,
    }
    if not result.tried:
        fields["attempts"] = F("attempts") - 1
    if result.state != DeliveryState.AMBIGUOUS:
        fields["mailer"] = result.mailer
    if result.state != DeliveryState.PENDING:
        return bool(rows.update(**fields))
    welcome = Q(in_state(IssueState.SENT), occasion=Delivery.Occasion.WELCOME)
    going_on = Q(in_state(IssueState.SENDING, IssueState.PAUSED)) | welcome
    if rows.filter(going_on).update(**fields, due_at=result.due_at):
        return True
    fields |= {
        "state": DeliveryState.CANCELLED,
        "reason": unless_forgotten(
            Value(f"{ISSUE_CLOSED}: {result.reason}"[:REASON_LENGTH]), ISSUE_CLOSED
        ),
    }
    return bool(rows.update(**fields))


def fail_claimed(delivery_id: int, token: uuid.UUID, reason: str) -> bool:
    """Give up a row for which no message can be made; False where the claim is lost.

    A mailer that may have it from an earlier attempt stays written down.
    """
    rows = Delivery.objects.held(token).filter(pk=delivery_id, state=DeliveryState.CLAIMED)
    return bool(rows.update(state=DeliveryState.FAILED, reason=reason, lease_until=None))
