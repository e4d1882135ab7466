"""How people come, confirm, change their minds and leave. Every change is a consent event.

A request to subscribe waits in the consent events until the person confirms it, so that
nobody else's request can touch the choices of somebody who reads already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Q

from subscribers.choices import Choices, choices_of, write_choices
from subscribers.models import CONFIRM_WITHIN, ConsentEvent, Subscriber
from subscribers.queueing import after_commit
from subscribers.recording import count_change, locked, record
from subscribers.restraint import ASKED_BY, is_left_alone, may_mail_sign_up
from subscribers.signals import confirmed
from subscribers.suppression import lift

State = Subscriber.State
Kind = ConsentEvent.Kind
Origin = ConsentEvent.Origin

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

    New, waiting and former readers get a confirmation mail, and so do those whose mail came
    back: whoever follows its link has shown that the address works again. Active readers get a
    link to their choices, who complained or was stopped by hand nothing, and nobody more than
    ``restraint`` allows: a new address that may get no mail leaves no row. Nothing is returned:
    whoever asks must not learn which of these it was.
    """
    with transaction.atomic():
        reader, is_new = Subscriber.objects.select_for_update().get_or_create(
            email=email, defaults={"state": State.PENDING}
        )
        if is_left_alone(reader):
            return
        kept = choices_of(reader)
        if reader.state == State.PENDING and kept != choices:
            write_choices(reader, choices, now=now)
        asked = kept if reader.state == State.ACTIVE else choices
        if may_mail_sign_up(email, now):
            record(reader, Kind.SUBSCRIBED, origin, now, choices=asked)
            after_commit("send_confirmation", reader.pk)
        elif is_new:
            reader.delete()
        elif reader.state != State.ACTIVE:
            amend(reader, asked, origin, now)


def amend(reader: Subscriber, choices: Choices, origin: Origin, now: datetime) -> None:
    """Let a link that was mailed already confirm other choices than it was mailed for.

    A request is followed by one correction at most, which a later one replaces: whoever types
    an address again and again must not make its history grow without end.
    """
    standing = standing_request(reader, now)
    if standing and choices_in(standing) == choices:
        return
    if standing is None or standing.kind == Kind.SUBSCRIBED:
        record(reader, Kind.CHANGED, origin, now, choices=choices)
    else:
        standing.choices, standing.origin, standing.at = choices.to_json(), origin, now
        standing.save(update_fields=["choices", "origin", "at"])


def asked_since(moment: datetime) -> Q:
    """Return the condition of consent events that are requests made after a moment."""
    return Q(Q(kind=Kind.SUBSCRIBED) | Q(kind=Kind.CHANGED, origin__in=ASKED_BY), at__gt=moment)


def standing_request(reader: Subscriber, now: datetime) -> ConsentEvent | None:
    """Return the newest request that may still be confirmed.

    It was made since the reader left, or since mail to the address came back.
    """
    asked = reader.consent_events.filter(asked_since(now - CONFIRM_WITHIN))
    for end in (reader.left_at, suppressed_at(reader)):
        if end:
            asked = asked.filter(at__gt=end)
    return asked.order_by("at", "pk").last()


def suppressed_at(reader: Subscriber) -> datetime | None:
    """Return since when nothing goes to a reader's address, or None where mail does."""
    if reader.state != State.SUPPRESSED:
        return None
    newest = reader.consent_events.filter(kind=Kind.SUPPRESSED).order_by("at", "pk").last()
    return newest.at if newest else None


def choices_in(event: ConsentEvent) -> Choices | None:
    return Choices.from_json(event.choices) if event.choices else None


def confirmation_of(reader: Subscriber | None, now: datetime) -> Confirmation:
    """Tell what a confirmation link does for this reader, without doing it."""
    if reader is None or is_left_alone(reader):
        return Confirmation.EXPIRED
    if reader.state == State.ACTIVE:
        return Confirmation.ALREADY
    return Confirmation.OPEN if standing_request(reader, now) else Confirmation.EXPIRED


def confirm(subscriber_id: int, *, now: datetime) -> Confirmation:
    """Make a waiting or former reader active, with the choices of the standing request.

    Mail to the address that came back counts no more: here is somebody who got one. A welcome
    is due from then on, and ``signals.confirmed`` is sent after the commit.
    """
    with transaction.atomic():
        reader = locked(subscriber_id)
        found = confirmation_of(reader, now)
        if reader is None or found is not Confirmation.OPEN:
            return found
        request = standing_request(reader, now)
        if lift(reader.pk, now=now, origin=Origin.LINK):
            reader.refresh_from_db()
        if request and (choices := choices_in(request)):
            if reader.confirmed_at:
                # The form knows nothing of them.
                choices = replace(choices, muted=choices_of(reader).muted)
            write_choices(reader, choices, now=now)
        kind = Kind.CONFIRMED if reader.state == State.PENDING else Kind.RESUBSCRIBED
        activate(reader, now)
        Subscriber.objects.filter(pk=reader.pk).update(welcome_due_at=now)
        record(reader, kind, Origin.LINK, now)
        transaction.on_commit(lambda: tell_confirmed(subscriber_id), robust=True)
        return Confirmation.CONFIRMED


def tell_confirmed(subscriber_id: int) -> None:
    confirmed.send(Subscriber, subscriber_id=subscriber_id)


def resume(subscriber_id: int, *, now: datetime, origin: Origin = Origin.PAGE) -> bool:
    """End a pause; tell whether there was one."""
    return change(subscriber_id, without_pause, now=now, origin=origin)


def without_pause(choices: Choices) -> Choices:
    return Choices.from_json({**choices.to_json(), "paused_until": None})


def change(
    subscriber_id: int,
    new: Callable[[Choices], Choices],
    *,
    now: datetime,
    origin: Origin = Origin.PAGE,
) -> bool:
    """Store what ``new`` makes of a reader's choices, effective for every mail not yet sent.

    Tells whether anything differed. Raises TooMany where it changed too often within this hour.
    """
    with transaction.atomic():
        reader = locked(subscriber_id)
        if reader is None:
            return False
        old = choices_of(reader)
        if new(old) == old:
            return False
        count_change(reader, now)
        write_choices(reader, new(old), now=now)
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
            write_choices(reader, old.with_edition(edition, wanted=False), now=now)
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
    subscriber_id: int,
    new: Callable[[Choices], Choices] = lambda kept: kept,
    *,
    now: datetime,
    origin: Origin = Origin.PAGE,
) -> bool:
    """Take back a reader who left, once confirmed the address, and holds a link of ours.

    ``new`` makes the choices out of those that were kept; False where it wants no edition.
    Raises TooMany as ``change`` does.
    """
    with transaction.atomic():
        reader = locked(subscriber_id)
        if reader is None or reader.state != State.UNSUBSCRIBED or not reader.confirmed_at:
            return False
        choices = new(choices_of(reader))
        if not (choices.wants_daily or choices.wants_weekly):
            return False
        count_change(reader, now)
        write_choices(reader, choices, now=now)
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
    """Send one edition again to a reader who has just left it; tell whether that changed.

    Raises TooMany as ``change`` does.
    """
    with transaction.atomic():
        reader = locked(subscriber_id)
        if reader is None or not may_undo(reader, now):
            return False
        choices = choices_of(reader)
        if reader.state == State.ACTIVE and choices.wants(edition):
            return False
        count_change(reader, now)
        write_choices(reader, choices.with_edition(edition, wanted=True), now=now)
        if reader.state == State.UNSUBSCRIBED:
            activate(reader, now)
        record(reader, Kind.RESUBSCRIBED, Origin.LINK, now)
        return True


def activate(reader: Subscriber, now: datetime) -> None:
    # Only out of the state that was read: what another transaction did meanwhile stands.
    Subscriber.objects.filter(pk=reader.pk, state=reader.state).update(
        state=State.ACTIVE, confirmed_at=now, left_at=None
    )
