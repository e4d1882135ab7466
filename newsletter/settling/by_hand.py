"""What an operator says of doubtful and failed messages, written into the ledger and signed.

Each is a conditional UPDATE along the moves of newsletter.states, and leaves an event. A row
gives up its token: a worker that comes back late cannot settle it a second time.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from newsletter.models import Delivery, DeliveryEvent
from newsletter.rescheduling import extend_deadlines
from newsletter.states import DeliveryState, deliveries_before
from newsletter.tracking.facts import DETAIL_LENGTH
from newsletter.tracking.reconciling import going_on

BATCH = 500


class Answer(StrEnum):
    """What an operator says; the value stands in the event."""

    ARRIVED = "it arrived"
    NOT_ARRIVED = "it did not arrive"
    SEND_AGAIN = "send it again"
    TRY_AGAIN = "try it again"


OF = {
    Answer.ARRIVED: DeliveryState.AMBIGUOUS,
    Answer.NOT_ARRIVED: DeliveryState.AMBIGUOUS,
    Answer.SEND_AGAIN: DeliveryState.AMBIGUOUS,
    Answer.TRY_AGAIN: DeliveryState.FAILED,
}
BECOMES = {
    Answer.ARRIVED: DeliveryState.SENT,
    Answer.NOT_ARRIVED: DeliveryState.FAILED,
    Answer.SEND_AGAIN: DeliveryState.PENDING,
    Answer.TRY_AGAIN: DeliveryState.PENDING,
}


def fitting(answer: Answer, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Return those of the rows of which an operator may say this now.

    What is to be sent needs an issue that still goes out, or is paused: one that is closed
    stays closed.
    """
    fits = rows.filter(state=OF[answer], state__in=deliveries_before(BECOMES[answer]))
    return fits.filter(going_on()) if BECOMES[answer] == DeliveryState.PENDING else fits


def settle(answer: Answer, rows: QuerySet[Delivery], *, by: str, now: datetime) -> int:
    """Do as an operator says of all rows that it fits; returns of how many.

    ``by`` says who that is. Rows that somebody settles in the same moment are left to them.
    What is sent again is due now, with all of its attempts and its whole time; if it ever was
    doubtful, through the mailer that may have it, which can know it by its idempotency key.
    """
    return sum(settle_batch(answer, pks, by, now) for pks in in_batches(fitting(answer, rows)))


def in_batches(rows: QuerySet[Delivery]) -> Iterator[list[int]]:
    """Read keys in batches, each as the rows are by then."""
    last = 0
    keys = rows.order_by("pk").values_list("pk", flat=True)
    while batch := list(keys.filter(pk__gt=last)[:BATCH]):
        yield batch
        last = batch[-1]


def settle_batch(answer: Answer, pks: list[int], by: str, now: datetime) -> int:
    """Settle what of these rows still fits, in one transaction."""
    with transaction.atomic():
        # A late worker may just be settling some of them: to wait for it could be a deadlock.
        held = fitting(answer, Delivery.objects.filter(pk__in=pks)).select_related("issue")
        found = list(held.order_by("pk").select_for_update(skip_locked=True, of=("self",)))
        rows = Delivery.objects.filter(pk__in=[row.pk for row in found], state=OF[answer])
        moved = rows.update(state=BECOMES[answer], token=None, **fields_of(answer, now))
        if BECOMES[answer] == DeliveryState.PENDING:
            for kind in {row.issue.kind for row in found}:
                again = [row.pk for row in found if row.issue.kind == kind]
                extend_deadlines(Delivery.objects.filter(pk__in=again), kind, now=now)
        DeliveryEvent.objects.bulk_create(event_of(row, answer, by, now) for row in found)
    return moved


def fields_of(answer: Answer, now: datetime) -> dict[str, object]:
    """Return what else changes in a row."""
    match answer:
        case Answer.ARRIVED:
            return {"reason": "", "sent_at": Coalesce(F("sent_at"), F("intent_at"))}
        case Answer.NOT_ARRIVED:
            return {"reason": "an operator found that it did not arrive", "mailer": ""}
        case Answer.SEND_AGAIN:
            return {"reason": "an operator has it sent again", "due_at": now, "attempts": 0}
        case Answer.TRY_AGAIN:
            return {"reason": "an operator has it tried again", "due_at": now, "attempts": 0}


def event_of(row: Delivery, answer: Answer, by: str, now: datetime) -> DeliveryEvent:
    """Return the event that says who said what; it outlives what servers said of a reader."""
    return DeliveryEvent(
        delivery=row,
        key=f"settled:{row.uid}:{uuid.uuid4().hex}",
        kind=DeliveryEvent.Kind.SETTLED,
        at=now,
        detail=f"{by}: {answer}"[:DETAIL_LENGTH],
    )
