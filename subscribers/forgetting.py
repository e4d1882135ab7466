"""Forgetting people: those who ask to be deleted, and those who never confirmed."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from subscribers.models import (
    CONFIRM_WITHIN,
    AddressChange,
    ConsentEvent,
    Quota,
    SignUp,
    Subscriber,
)
from subscribers.recording import locked
from subscribers.signals import forgotten
from subscribers.subscribing import asked_since

# Rows a transaction: a page that waits for one of them must not wait long.
BATCH = 500
# No quota counts over a longer time.
QUOTA_KEPT = timedelta(days=1)


def forget(subscriber_id: int) -> bool:
    """Delete a reader, with their choices and consent, for good; tell whether there was one.

    The books keep that messages went out, but not to whom, nor what mail servers said of it.
    ``signals.forgotten`` is sent before the row goes.
    """
    with transaction.atomic():
        reader = Subscriber.objects.filter(pk=subscriber_id).first()
        if reader is None:
            return False
        # Before the reader, as who works on a request locks them: or it would bring them back.
        SignUp.objects.filter(email=reader.email).delete()
        return erase(reader)


def erase(reader: Subscriber) -> bool:
    """Delete a reader's row inside a transaction, though issues are planned and sent meanwhile."""
    while True:
        with transaction.atomic():
            held = hold_deliveries(reader)
            kept = locked(reader.pk)
            if kept is None:
                return False
            if held.issuperset(kept.deliveries.values_list("pk", flat=True)):
                forgotten.send(Subscriber, subscriber_id=kept.pk)
                kept.delete()
                return True
            # An issue was planned before the reader was locked: its row has to come first.
            transaction.set_rollback(True)


def hold_deliveries(reader: Subscriber) -> set[int]:
    """Lock what a reader was or is to be sent, which whoever sends locks before the reader."""
    rows = reader.deliveries.select_for_update().order_by("pk")
    return set(rows.values_list("pk", flat=True))


def forget_unconfirmed(now: datetime) -> int:
    """Delete whoever never confirmed and has no request left to confirm; returns how many.

    Requests that no worker could work on go with them, and addresses that a reader wanted to
    move to and that did not confirm.
    """
    before = now - CONFIRM_WITHIN
    SignUp.objects.filter(asked_at__lte=before).delete()
    AddressChange.objects.filter(done_at=None, asked_at__lte=before).delete()
    forgotten, last = 0, 0
    while ids := next_unconfirmed(before, after=last):
        forgotten += delete_unconfirmed(ids, before)
        last = ids[-1]
    return forgotten


def unconfirmed(before: datetime) -> QuerySet[Subscriber]:
    """Return those who wait for a confirmation, and asked for nothing after a moment."""
    asked = ConsentEvent.objects.filter(asked_since(before), subscriber=OuterRef("pk"))
    waiting: QuerySet[Subscriber] = Subscriber.objects.filter(
        ~Exists(asked), state=Subscriber.State.PENDING, confirmed_at=None
    )
    return waiting


def next_unconfirmed(before: datetime, *, after: int) -> list[int]:
    rows = unconfirmed(before).filter(pk__gt=after).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:BATCH])


def delete_unconfirmed(ids: list[int], before: datetime) -> int:
    """Delete those of a batch who have not asked again since it was read."""
    with transaction.atomic():
        list(Subscriber.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
        _rows, by_model = unconfirmed(before).filter(pk__in=ids).delete()
    return by_model.get(Subscriber._meta.label, 0)


def clear_quotas(now: datetime) -> int:
    """Forget how much came in windows of time that are over; returns how many rows went."""
    return Quota.objects.filter(window__lt=now - QUOTA_KEPT).delete()[0]
