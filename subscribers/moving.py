"""Changing a reader's address: the new one confirms, and the former one is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from subscribers.forgetting import erase, hold_deliveries
from subscribers.models import CONFIRM_WITHIN, AddressChange, ConsentEvent, Subscriber
from subscribers.queueing import after_commit
from subscribers.recording import locked, record
from subscribers.restraint import is_left_alone
from subscribers.subscribing import standing_request
from subscribers.suppression import lift

State = Subscriber.State
Origin = ConsentEvent.Origin

MAX_CHANGES_A_DAY = 3
DAY = timedelta(days=1)
# Whoever has an address in one of these states keeps it.
HOLDING = (State.ACTIVE, State.SUPPRESSED)


class Moving(StrEnum):
    """What the link in a new address's mail is worth now."""

    OPEN = "open"
    DONE = "done"
    TAKEN = "taken"
    EXPIRED = "expired"


def ask(subscriber_id: int, new_email: str, *, now: datetime) -> None:
    """Take a reader's wish to move to a normalised address, and mail what helps whoever has it.

    Nothing is returned: a reader must not learn whom else we know. Nothing happens where the
    reader may not move or is there already, nor beyond MAX_CHANGES_A_DAY of one reader. Every
    other wish is kept, whatever the address: the worker looks whether it may be mailed.
    """
    with transaction.atomic():
        reader = locked(subscriber_id)
        if reader is None or not may_move(reader) or reader.email == new_email:
            return
        asked = reader.address_changes.filter(asked_at__gt=now - DAY)
        if asked.count() >= MAX_CHANGES_A_DAY:
            return
        change = reader.address_changes.create(email=new_email, asked_at=now)
        after_commit("send_address_mail", change.pk)


def may_move(reader: Subscriber) -> bool:
    """Tell whether another address would help this reader: not who complained, or was stopped."""
    return reader.confirmed_at is not None and not is_left_alone(reader)


def state_of(change: AddressChange | None, now: datetime) -> Moving:
    """Tell what confirming a change does, without doing it. Only a reader's newest one counts."""
    if change is None:
        return Moving.EXPIRED
    if change.done_at:
        return Moving.DONE
    newest = AddressChange.objects.filter(subscriber=change.subscriber_id).last()
    if newest != change or change.asked_at <= now - CONFIRM_WITHIN:
        return Moving.EXPIRED
    if not may_move(change.subscriber):
        return Moving.EXPIRED
    is_taken = any(keeps_address(other, now) for other in others_at(change))
    return Moving.TAKEN if is_taken else Moving.OPEN


def keeps_address(other: Subscriber, now: datetime) -> bool:
    """Tell whether nobody may move to where somebody is: who reads, or asked to, comes first."""
    return other.state in HOLDING or standing_request(other, now) is not None


def others_at(change: AddressChange) -> QuerySet[Subscriber]:
    """Return the other reader who has the new address: one or none."""
    others: QuerySet[Subscriber] = Subscriber.objects.filter(email=change.email)
    return others.exclude(pk=change.subscriber_id)


def change_of(change_id: int) -> AddressChange | None:
    """Return a change with its reader, as they are now."""
    return AddressChange.objects.select_related("subscriber").filter(pk=change_id).first()


def move(change_id: int, *, now: datetime) -> Moving:
    """Give a reader the address that has just confirmed; returns how things stand then.

    Somebody of that address who left, or never confirmed, makes room. A reader who was
    suppressed because the former address bounced is not any more; one who left stays away.
    """
    try:
        with transaction.atomic():
            change, others = held(change_id)
            found = state_of(change, now)
            if change is None or found is not Moving.OPEN:
                return found
            # Only who was locked: somebody else may have moved there since.
            for other in others:
                if other.email == change.email and not keeps_address(other, now):
                    erase(other)
            settle(change, now)
            return Moving.DONE
    except IntegrityError:
        # Somebody came to that address in between; the link stays good.
        return Moving.TAKEN


def held(change_id: int) -> tuple[AddressChange | None, list[Subscriber]]:
    """Return a change as it is once everybody it is about is locked, and the others of these.

    Who sends locks a delivery and then its reader, and two readers may want to move to where
    the other one was: deliveries come first, then readers by their number.
    """
    change = change_of(change_id)
    if change is None:
        return None, []
    others = list(others_at(change))
    for other in others:
        hold_deliveries(other)
    ids = [change.subscriber_id, *(other.pk for other in others)]
    rows = list(Subscriber.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    return change_of(change_id), [row for row in rows if row.pk != change.subscriber_id]


def settle(change: AddressChange, now: datetime) -> None:
    """Write the new address, and have the former one told unless no mail reaches it."""
    reader, former = change.subscriber, change.subscriber.email
    bounced = lift(reader.pk, now=now, origin=Origin.LINK)
    # Links in the former address's mails end with it: whoever has that mailbox may be a stranger.
    Subscriber.objects.filter(pk=reader.pk).update(
        email=change.email, link_epoch=F("link_epoch") + 1
    )
    # From here on the row stands for the other mail, to the former address.
    AddressChange.objects.filter(pk=change.pk).update(
        done_at=now, answered_at=now if bounced else None, answer_due_at=None, tries=0
    )
    record(reader, ConsentEvent.Kind.MOVED, Origin.LINK, now, detail=former)
    if not bounced:
        after_commit("send_address_mail", change.pk)


def former_address(change: AddressChange) -> str:
    """Return where a reader was before a change was done, or "" where it is not done."""
    if change.done_at is None:
        return ""
    moves = change.subscriber.consent_events.filter(kind=ConsentEvent.Kind.MOVED, at=change.done_at)
    return str(moves.values_list("detail", flat=True).last() or "")
