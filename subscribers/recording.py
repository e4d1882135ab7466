"""What every change to a reader does: hold the row, and write down the consent."""

from __future__ import annotations

from datetime import datetime

from subscribers.admission import TooMany
from subscribers.admission.quotas import spend
from subscribers.choices import Choices, choices_of
from subscribers.models import ConsentEvent, Subscriber

# Nobody changes their mind once a minute for an hour. A link in a mail that was passed on is
# good for ever, and each change leaves a row of consent that is kept as long as its reader.
MAX_CHANGES_AN_HOUR = 60


def locked(subscriber_id: int) -> Subscriber | None:
    """Return the reader's row, locked until the transaction ends (SQLite locks the whole)."""
    return Subscriber.objects.select_for_update().filter(pk=subscriber_id).first()


def record(
    reader: Subscriber,
    kind: ConsentEvent.Kind,
    origin: ConsentEvent.Origin,
    now: datetime,
    *,
    choices: Choices | None = None,
    detail: str = "",
) -> None:
    """Write down a consent with the choices it speaks of: those in force, unless given."""
    ConsentEvent.objects.create(
        subscriber=reader,
        kind=kind,
        origin=origin,
        at=now,
        choices=(choices or choices_of(reader)).to_json(),
        detail=detail,
    )


def count_change(reader: Subscriber, now: datetime) -> None:
    """Count a change that a reader is about to make; raise TooMany beyond MAX_CHANGES_AN_HOUR.

    Leaving is never counted: it must always work, and doing it again writes nothing.
    """
    if seconds := spend(f"changes:{reader.pk}", MAX_CHANGES_AN_HOUR, now=now):
        raise TooMany(seconds)
