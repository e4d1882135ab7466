"""What a report means for the reader: suppressed, unsubscribed, or one soft bounce more."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max

from newsletter.bounces import Bounce
from newsletter.models import Delivery, DeliveryEvent
from newsletter.states import DeliveryState
from newsletter.tracking.facts import DeliveryFact
from newsletter.tracking.verdicts import Kind
from subscribers.models import ConsentEvent, Subscriber
from subscribers.recording import locked
from subscribers.subscribing import unsubscribe
from subscribers.suppression import suppress

Why = Subscriber.Suppression
Origin = ConsentEvent.Origin

# As many as Mailman gives an address by default (bounce_score_threshold): a full mailbox is
# emptied after a holiday, a server is mended within days.
SOFT_BOUNCES_IN_A_ROW = 5
# Mail servers try for four or five days (RFC 5321 §4.5.4.1), and a bounce needs its time. Who
# sends by a mail server hears of nothing but bounces: silence for so long says that it arrived.
BOUNCED_BY_THEN = timedelta(days=7)
# Providers' clocks and ours may differ by this much, and theirs often count whole seconds.
CLOCKS_DIFFER = timedelta(minutes=1)


def heed(fact: DeliveryFact, delivery: Delivery, *, now: datetime) -> None:
    """Draw what follows from a report for the one whom the message went to."""
    reader = locked(delivery.subscriber_id) if delivery.subscriber_id else None
    if reader is None or is_past(fact, delivery, reader):
        return
    match fact.kind:
        case Kind.COMPLAINED:
            suppress(reader.pk, Why.COMPLAINED, now=now)
        case Kind.UNSUBSCRIBED:
            unsubscribe(reader.pk, edition=delivery.issue.kind, now=now, origin=Origin.PROVIDER)
        case Kind.BOUNCED | Kind.REJECTED if fact.bounce is Bounce.GONE:
            suppress(reader.pk, Why.BOUNCED, now=now)
        # Whatever came back did not arrive: what seemed to end a row may not have.
        case Kind.BOUNCED | Kind.REJECTED:
            count_soft_bounces(reader, now)
        case Kind.DELIVERED if reader.soft_bounces:
            count_soft_bounces(reader, now)


def is_past(fact: DeliveryFact, delivery: Delivery, reader: Subscriber) -> bool:
    """Tell whether a report says nothing of the reader as they are now.

    They have moved to another address since the message went out, or have come back since it
    happened.
    """
    if reader.confirmed_at and fact.at + CLOCKS_DIFFER < reader.confirmed_at:
        return True
    moved = reader.consent_events.filter(kind=ConsentEvent.Kind.MOVED)
    return moved.filter(at__gt=delivery.intent_at or fact.at).exists()


def count_soft_bounces(reader: Subscriber, now: datetime) -> None:
    """Count a reader's soft bounces anew, and suppress the address after too many in a row.

    Counted by when they happened, so that it is the same in whatever order they are heard of.
    """
    number = soft_bounces(reader, now)
    Subscriber.objects.filter(pk=reader.pk).update(soft_bounces=number)
    if number >= SOFT_BOUNCES_IN_A_ROW:
        suppress(reader.pk, Why.BOUNCED, now=now)


def soft_bounces(reader: Subscriber, now: datetime) -> int:
    """Return how many messages came back softly since one arrived, or since an editor let go.

    A message that was delivered and then came back did not arrive. One that a server took, and
    of which nothing was heard for BOUNCED_BY_THEN, did.
    """
    events = DeliveryEvent.objects.filter(delivery__subscriber=reader)
    arrived = events.filter(kind=Kind.DELIVERED, delivery__state=DeliveryState.DELIVERED)
    lifted = reader.consent_events.filter(kind=ConsentEvent.Kind.UNSUPPRESSED)
    silent = reader.deliveries.filter(state=DeliveryState.SENT, sent_at__lte=now - BOUNCED_BY_THEN)
    soft = events.filter(kind=Kind.BOUNCED, bounce=Bounce.SOFT)
    for good, time in ((arrived, "at"), (lifted, "at"), (silent, "sent_at")):
        since = good.aggregate(since=Max(time))["since"]
        if since is not None:
            soft = soft.filter(at__gt=since)
    return soft.values("delivery").distinct().count()
