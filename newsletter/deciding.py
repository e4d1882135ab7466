"""Deciding: a claimed row becomes an intent with its message, or the ledger says why not.

Whether a reader may be mailed, and what they chose, is read in the transaction that records
the intent: consent beats the queue.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.core.mail import EmailMultiAlternatives
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError
from django.db.models import Model, QuerySet

from newsletter import ledger
from newsletter.addressing import is_welcome, message_of
from newsletter.editions import Edition
from newsletter.messages import quoted
from newsletter.models import Delivery
from newsletter.retrying import missed
from newsletter.states import DeliveryState, SkipReason
from newsletter.wire import WireMessage
from subscribers.audience import choice_of, obstacle
from subscribers.models import Subscriber
from subscribers.prepared import given, question

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Intent:
    """A message whose sending is recorded; once committed, its first byte may leave.

    ``pinned`` names the mailer that may have it from an earlier attempt which was doubtful.
    """

    delivery_id: int
    attempts: int
    due_at: datetime
    reader_id: int
    address: str
    message: EmailMultiAlternatives | WireMessage
    deadline: datetime | None = None
    pinned: str = ""


Decision = Intent | DeliveryState | None


def decide(
    delivery_id: int,
    token: uuid.UUID,
    edition: Edition,
    *,
    clock: Callable[[], datetime],
    mailer: str,
    wired: bool,
) -> Decision:
    """Record that a reader's message is about to leave, or why it is not, in a transaction.

    Returns the intent, or SKIPPED, or FAILED where no message can be made for this reader or
    its deadline is over, or None where the claim is lost or the issue stopped. The message is
    for a ``mailer``, and with ``wired`` for our SMTP backend alone.
    """
    delivery, reader = locked(delivery_id)
    try:
        return intent_of(delivery, reader, token, edition, clock(), mailer=mailer, wired=wired)
    except (DatabaseError, InterfaceError):
        raise
    except Exception as exc:  # the edge of one reader's mail: the others must get theirs
        log.exception("delivery %s cannot be composed", delivery.uid)
        reason = quoted(f"compose: {type(exc).__name__}: {exc}", ledger.REASON_LENGTH)
        return failed(delivery, token, reason)


def intent_of(
    delivery: Delivery,
    reader: Subscriber | None,
    token: uuid.UUID,
    edition: Edition,
    now: datetime,
    *,
    mailer: str,
    wired: bool,
) -> Decision:
    """Skip a reader or give up what is no news any more, or make the message and the intent."""
    reason = obstacle(reader, edition.issue.kind, now)
    if reader is None or reason:
        return skipped(delivery, token, SkipReason(reason))
    if delivery.deadline is not None and now > delivery.deadline:
        return failed(delivery, token, missed(delivery.deadline, delivery.reason))
    composition = edition.composer_for(reader.language).compose(
        choice_of(reader, edition.groups, now), welcome=is_welcome(delivery)
    )
    if composition.is_empty:
        return skipped(delivery, token, SkipReason.FILTER_EMPTY)
    message = message_of(delivery, reader, edition, composition, now, wired=wired)
    begun = ledger.intend(
        delivery.pk,
        token,
        revision_id=edition.revision_id,
        variant=composition.variant,
        stories=composition.shown,
        shown=composition.shown_mask,
        mailer=mailer,
    )
    return intent(delivery, reader, message) if begun else None


def intent(
    delivery: Delivery, reader: Subscriber, message: EmailMultiAlternatives | WireMessage
) -> Intent:
    """Return what sending has to know of a row as it was before its intent was recorded."""
    return Intent(
        delivery_id=delivery.pk,
        attempts=delivery.attempts + 1,
        due_at=delivery.due_at,
        reader_id=reader.pk,
        address=reader.email,
        message=message,
        deadline=delivery.deadline,
        pinned=delivery.mailer,
    )


def skipped(delivery: Delivery, token: uuid.UUID, reason: SkipReason) -> DeliveryState | None:
    return DeliveryState.SKIPPED if ledger.skip(delivery.pk, token, reason) else None


def failed(delivery: Delivery, token: uuid.UUID, reason: str) -> DeliveryState | None:
    given_up = ledger.fail_claimed(delivery.pk, token, reason)
    return DeliveryState.FAILED if given_up else None


def locked(delivery_id: int) -> tuple[Delivery, Subscriber | None]:
    """Return a row and its reader as they are now, held still until the intent is committed.

    They are locked in the order in which a reader's deletion takes them: the row, the reader.
    """
    for columns in LOCKED.rows(id=delivery_id):
        own, of_reader = columns[: len(ROW)], columns[len(ROW) :]
        return (
            Delivery.from_db(DEFAULT_DB_ALIAS, ROW, own),
            Subscriber.from_db(DEFAULT_DB_ALIAS, READER, of_reader),
        )
    # Without a reader, or the reader changed in this moment: once more, one by one.
    delivery = Delivery.objects.select_for_update().get(pk=delivery_id)
    if delivery.subscriber_id is None:
        return delivery, None
    readers = Subscriber.objects.select_for_update().filter(pk=delivery.subscriber_id)
    return delivery, readers.first()


def with_reader() -> QuerySet[Delivery, Delivery]:
    """Ask for one row and its reader: the columns of both."""
    # Asked for a column of the reader, the join leaves out rows without one, which is what
    # lets PostgreSQL lock both.
    rows = Delivery.objects.filter(id=given(Delivery, "id"), subscriber__email__isnull=False)
    rows = rows.select_related("subscriber").select_for_update(of=("self", "subscriber"))
    return rows.only(*ROW, *(f"subscriber__{name}" for name in READER))


def columns_of(model: type[Model], *names: str) -> list[str]:
    """Return the names in the order in which a model's columns come."""
    known = [field.attname for field in model._meta.concrete_fields]
    return sorted(names, key=known.index)


# What a message needs; every other column would take a microsecond more to read. One that is
# asked for all the same is read in a statement of its own.
ROW = columns_of(
    Delivery,
    *("id", "uid", "subscriber_id", "occasion", "reason", "due_at", "deadline", "attempts"),
    "mailer",
)
READER = columns_of(
    Subscriber,
    *("id", "email", "state", "wants_daily", "wants_weekly", "all_sources", "time_zone"),
    *("language", "paused_until", "link_epoch"),
)
LOCKED = question(with_reader)
