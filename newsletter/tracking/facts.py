"""What somebody reports about one message, in our words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from newsletter.bounces import Bounce
from newsletter.messages import impersonal
from newsletter.models import DeliveryEvent

DETAIL_LENGTH = 300
# Before that there was no Broadsheet: who reports of it has no clock.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DeliveryFact:
    """One thing that happened to one message.

    ``delivery`` is the row's uid, None where the report names no message of ours. ``key`` is
    the same for every replay of one report, and holds no address. ``at`` is when it happened,
    as whoever reports it says. ``bounce`` is set for bounces alone.
    """

    delivery: UUID | None
    kind: DeliveryEvent.Kind
    at: datetime
    key: str
    detail: str = ""
    bounce: Bounce | None = None


def told(words: str) -> str:
    """Return a server's words as the ledger keeps them: one line, no addresses."""
    return impersonal(words, DETAIL_LENGTH)


def moment(at: datetime | None, now: datetime) -> datetime:
    """Return when something happened, which was before now; no clock means now."""
    if at is None:
        return now
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(aware, EARLIEST), now)
