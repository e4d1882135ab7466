"""Addresses that must get nothing, whatever their owners chose: bounces and complaints."""

from datetime import datetime

from django.db import transaction

from subscribers.models import ConsentEvent, Subscriber
from subscribers.recording import locked, record

State = Subscriber.State
Why = Subscriber.Suppression
Kind = ConsentEvent.Kind
Origin = ConsentEvent.Origin

# A later reason replaces an earlier one only where it says more: lifting a complaint counts
# as leaving, and what somebody suppressed by hand no bounce shall explain away.
WEIGHT: dict[str, int] = {"": 0, Why.BOUNCED: 1, Why.MANUAL: 2, Why.COMPLAINED: 3}


def suppress(
    subscriber_id: int,
    why: Why,
    *,
    now: datetime,
    origin: Origin = Origin.PROVIDER,
    address: str = "",
) -> bool:
    """Send nothing more to a reader's address; tell whether that is new.

    A complaint outweighs what was done by hand, and that a bounce; the other way round
    nothing changes. What was learnt about an ``address`` says nothing about a reader who has
    moved away from it.
    """
    with transaction.atomic():
        reader = locked(subscriber_id)
        if reader is None or WEIGHT[reader.suppression] >= WEIGHT[why]:
            return False
        if address and reader.email != address:
            return False
        Subscriber.objects.filter(pk=reader.pk).update(state=State.SUPPRESSED, suppression=why)
        record(reader, Kind.SUPPRESSED, origin, now)
        return True


def lift(subscriber_id: int, *, now: datetime, origin: Origin = Origin.ADMIN) -> bool:
    """Let an address be mailed again as far as its owner agreed; tell whether it was suppressed.

    Who had left stays away, who had never confirmed must, and who complained has left by
    that: from here on they can subscribe again. Before it they cannot, however they ask,
    because mail to people who call it spam costs the others theirs; an operator to whom they
    write decides.
    """
    with transaction.atomic():
        reader = locked(subscriber_id)
        if reader is None or reader.state != State.SUPPRESSED:
            return False
        complained = reader.suppression == Why.COMPLAINED
        left_at = reader.left_at or (now if complained else None)
        state = State.ACTIVE if reader.confirmed_at else State.PENDING
        Subscriber.objects.filter(pk=reader.pk).update(
            state=State.UNSUBSCRIBED if left_at else state, suppression="", left_at=left_at
        )
        record(reader, Kind.UNSUPPRESSED, origin, now)
        return True
