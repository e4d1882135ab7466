"""How people come, confirm, change their minds and leave. Every change is a consent event.

A request to subscribe waits in the consent events until the person confirms it, so that
nobody else's request can touch the choices of somebody who reads already.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Q

from subscribers.choices import Choices, choices_of, write_choices
from subscribers.models import CONFIRM_WITHIN, ConsentEvent, Subscriber
from subscribers.tasks import send_confirmation

State = Subscriber.State
Kind = ConsentEvent.Kind
Origin = ConsentEvent.Origin

# A form that mails any address on request must not become a weapon against that address.
MAIL_GAP = timedelta(minutes=10)
MAX_MAILS_A_DAY = 3
DAY = timedelta(days=1)
# A link out of a forwarded mail must not bring somebody back years after they left.
UNDO_WITHIN = timedelta(days=1)


class Confirmation(StrEnum):
    """What a confirmation link is worth now."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    ALREADY = "already"
    EXPIRED = "expired"


def subscribe(email: str, choices: Choices, *, now: datetime, origin: Origin = Origin.FORM) -> None:
    """Take a request from a normalised address, and mail what helps that person.

    New, waiting and former readers get a confirmation mail, active ones a link to their
    choices, suppressed ones nothing; one address gets one such mail in MAIL_GAP and
    MAX_MAILS_A_DAY of them in 24 hours. Nothing is returned: whoever asks must not learn
    which of these it was.
    """
    with transaction.atomic():
        reader = Subscriber.objects.select_for_update().get_or_create(
            email=email, defaults={"state": State.PENDING}
        )[0]
        if reader.state == State.SUPPRESSED:
            return
        if reader.state == State.PENDING:
            write_choices(reader, choices)
        asked = choices_of(reader) if reader.state == State.ACTIVE else choices
        if was_mailed_enough(reader, now):
            standing = standing_request(reader, now)
            if reader.state != State.ACTIVE and (not standing or choices_in(standing) != asked):
                record(reader, Kind.CHANGED, Origin.FORM, now, asked)
            return
        record(reader, Kind.SUBSCRIBED, origin, now, asked)
        # Robust: a broker that is down must not take the page with it. The event stays,
        # and the person can ask again.
        # No partial: Django's log of a failure asks for a function's name.
        transaction.on_commit(lambda: queue_mail(reader.pk), robust=True)


def queue_mail(subscriber_id: int) -> None:
    # Without retries: somebody waits for the page.
    send_confirmation.apply_async((subscriber_id,), retry=False)


def was_mailed_enough(reader: Subscriber, now: datetime) -> bool:
    """Tell whether another mail would be one too many; each has its SUBSCRIBED event."""
    mailed = reader.consent_events.filter(kind=Kind.SUBSCRIBED, origin=Origin.FORM)
    return (
        mailed.filter(at__gt=now - MAIL_GAP).exists()
        or mailed.filter(at__gt=now - DAY).count() >= MAX_MAILS_A_DAY
    )


def standing_request(reader: Subscriber, now: datetime) -> ConsentEvent | None:
    """Return the newest request that may still be confirmed, made since the reader left."""
    asked = reader.consent_events.filter(
        Q(kind=Kind.SUBSCRIBED) | Q(kind=Kind.CHANGED, origin=Origin.FORM),
        at__gt=now - CONFIRM_WITHIN,
    )
    if reader.left_at:
        asked = asked.filter(at__gt=reader.left_at)
    return asked.order_by("at", "pk").last()


def choices_in(event: ConsentEvent) -> Choices | None:
    return Choices.from_json(event.choices) if event.choices else None


def confirmation_of(reader: Subscriber | None, now: datetime) -> Confirmation:
    """Tell what a confirmation link does for this reader, without doing it."""
    if reader is None or reader.state == State.SUPPRESSED:
        return Confirmation.EXPIRED
    if reader.state == State.ACTIVE:
        return Confirmation.ALREADY
    return Confirmation.OPEN if standing_request(reader, now) else Confirmation.EXPIRED


def confirm(subscriber_id: int, *, now: datetime) -> Confirmation:
    """Make a waiting or former reader active, with the choices of the standing request."""
    with transaction.atomic():
        reader = locked(subscriber_id)
        found = confirmation_of(reader, now)
        if reader is None or found is not Confirmation.OPEN:
            return found
        request = standing_request(reader, now)
        if request and (choices := choices_in(request)):
            write_choices(reader, choices)
        kind = Kind.CONFIRMED if reader.state == State.PENDING else Kind.RESUBSCRIBED
        activate(reader, now)
        record(reader, kind, Origin.LINK, now)
        return Confirmation.CONFIRMED


def change_choices(
    subscriber_id: int, choices: Choices, *, now: datetime, origin: Origin = Origin.PAGE
) -> bool:
    """Store other choices, effective for every mail not yet sent; tell whether any differed."""
    return change(subscriber_id, lambda _: choices, now=now, origin=origin)


def resume(subscriber_id: int, *, now: datetime, origin: Origin = Origin.PAGE) -> bool:
    """End a pause; tell whether there was one."""
    return change(subscriber_id, without_pause, now=now, origin=origin)


def without_pause(choices: Choices) -> Choices:
    return Choices.from_json({**choices.to_json(), "paused_until": None})


def change(
    subscriber_id: int, new: Callable[[Choices], Choices], *, now: datetime, origin: Origin
) -> bool:
    with transaction.atomic():
        reader = locked(subscriber_id)
        if reader is None:
            return False
        old = choices_of(reader)
        if new(old) == old:
            return False
        write_choices(reader, new(old))
        record(reader, Kind.CHANGED, origin, now)
        return True


def unsubscribe(
    subscriber_id: int, *, edition: str | None = None, now: datetime, origin: Origin
) -> bool:
    """End one edition (``daily``, ``weekly``) or, without one, all mail; tell what changed.

    Whoever is left with no edition has left; a suppressed address stays suppressed, and
    keeps having left when that is lifted. Doing it again changes nothing, and a reader who
    was deleted gets no mail anyhow.
    """
    with transaction.atomic():
        reader = locked(subscriber_id)
        if reader is None:
            return False
        old = choices_of(reader)
        if edition and old.wants(edition):
            write_choices(reader, old.with_edition(edition, wanted=False))
        has_left = not edition or not (reader.wants_daily or reader.wants_weekly)
        left = has_left and leave(reader, now)
        if not left and choices_of(reader) == old:
            return False
        record(reader, Kind.UNSUBSCRIBED, origin, now)
        return True


def leave(reader: Subscriber, now: datetime) -> bool:
    """Mark a reader as having left; tell whether that is new."""
    rows = Subscriber.objects.filter(pk=reader.pk)
    if rows.filter(state__in=[State.PENDING, State.ACTIVE]).update(
        state=State.UNSUBSCRIBED, left_at=now
    ):
        return True
    return bool(rows.filter(state=State.SUPPRESSED, left_at=None).update(left_at=now))


def come_back(
    subscriber_id: int, choices: Choices, *, now: datetime, origin: Origin = Origin.PAGE
) -> bool:
    """Take back a reader who left, once confirmed the address, and holds a link of ours."""
    with transaction.atomic():
        reader = locked(subscriber_id)
        if reader is None or reader.state != State.UNSUBSCRIBED or not reader.confirmed_at:
            return False
        write_choices(reader, choices)
        activate(reader, now)
        record(reader, Kind.RESUBSCRIBED, origin, now)
        return True


def may_undo(reader: Subscriber, now: datetime) -> bool:
    """Tell whether an unsubscribe link may still bring its reader back."""
    return (
        reader.state in (State.ACTIVE, State.UNSUBSCRIBED)
        and reader.confirmed_at is not None
        and reader.consent_events.filter(kind=Kind.UNSUBSCRIBED, at__gt=now - UNDO_WITHIN).exists()
    )


def undo(subscriber_id: int, edition: str, *, now: datetime) -> bool:
    """Send one edition again to a reader who has just left it; tell whether that changed."""
    with transaction.atomic():
        reader = locked(subscriber_id)
        if reader is None or not may_undo(reader, now):
            return False
        choices = choices_of(reader)
        if reader.state == State.ACTIVE and choices.wants(edition):
            return False
        write_choices(reader, choices.with_edition(edition, wanted=True))
        if reader.state == State.UNSUBSCRIBED:
            activate(reader, now)
        record(reader, Kind.RESUBSCRIBED, Origin.LINK, now)
        return True


def locked(subscriber_id: int) -> Subscriber | None:
    """Return the reader's row, locked until the transaction ends (SQLite locks the whole)."""
    return Subscriber.objects.select_for_update().filter(pk=subscriber_id).first()


def activate(reader: Subscriber, now: datetime) -> None:
    # Only out of the state that was read: what another transaction did meanwhile stands.
    Subscriber.objects.filter(pk=reader.pk, state=reader.state).update(
        state=State.ACTIVE, confirmed_at=now, left_at=None
    )


def record(
    reader: Subscriber,
    kind: Kind,
    origin: Origin,
    now: datetime,
    choices: Choices | None = None,
) -> None:
    """Write down a consent with the choices it speaks of: those in force, unless given."""
    ConsentEvent.objects.create(
        subscriber=reader,
        kind=kind,
        origin=origin,
        at=now,
        choices=(choices or choices_of(reader)).to_json(),
    )
