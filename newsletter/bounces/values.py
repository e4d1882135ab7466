"""What a report says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Bounce(StrEnum):
    """What a bounce says about the address."""

    GONE = "gone"  # there is no such address: nothing must be sent there again
    SOFT = "soft"  # not now: full, disabled, out of reach
    POLICY = "policy"  # refused for what we are or send; the address is as good as before


class Happening(StrEnum):
    """What became of a message, as a report has it."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    REPLIED = "replied"  # by a program: an absence note, a receipt
    NOTHING = "nothing"  # a report that asks for nothing, for example "not spam"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message, in the server's words; ``bounce`` is set where it failed."""

    happening: Happening
    words: str = ""
    bounce: Bounce | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One outcome, and all that may prove whose message it speaks of.

    ``addresses`` are those that the report was sent to and that the message was sent from;
    ``message_ids`` come without angle brackets. ``identity`` is the same when the same report
    comes again.
    """

    outcome: Outcome
    addresses: tuple[str, ...]
    message_ids: tuple[str, ...]
    at: datetime | None
    identity: str
