"""What every change to a reader does: hold the row, and write down the consent."""

from __future__ import annotations

from datetime import datetime

from subscribers.choices import Choices, choices_of
from subscribers.models import ConsentEvent, Subscriber


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
