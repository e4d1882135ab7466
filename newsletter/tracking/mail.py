"""Bounces and complaints that come as mail: whose they are, and into the ledger with them.

Anybody may write to the address that bounces come back to. A report is believed only with
proof: an address that we signed (newsletter.verp), or the Message-ID of a message of ours,
whose 122 random bits nobody knows who has not seen that message.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from newsletter.bounces import Happening, Report, read
from newsletter.models import Delivery
from newsletter.tracking.facts import DeliveryFact, moment
from newsletter.tracking.recording import record
from newsletter.tracking.verdicts import Kind
from newsletter.verp import delivery_in

log = logging.getLogger(__name__)

UID_LENGTH = 36

KINDS = {
    Happening.FAILED: Kind.BOUNCED,
    Happening.DELAYED: Kind.DEFERRED,
    Happening.DELIVERED: Kind.DELIVERED,
    Happening.COMPLAINED: Kind.COMPLAINED,
    Happening.UNSUBSCRIBED: Kind.UNSUBSCRIBED,
    Happening.REPLIED: Kind.AUTO_REPLIED,
}


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What a message reported, whether of a delivery of ours, and whether that was new."""

    happening: Happening
    ours: bool
    new: bool


def hand_in(raw: bytes, *, now: datetime, recipient: str = "") -> HandedIn:
    """Take a message that came back, and record what it reports; committed when this returns.

    ``recipient`` is the address for which the mail server took it, where that is known.
    Raises bounces.Unreadable for a message that is no report, and what the database raises.
    """
    report = read(raw, recipient=recipient)
    uid = delivery_of(report)
    kind = KINDS.get(report.outcome.happening)
    if uid is None:
        log.info("a report by mail (%s) names no message of ours", report.outcome.happening)
    if uid is None or kind is None:
        return HandedIn(report.outcome.happening, ours=uid is not None, new=False)
    new = record(fact_of(report, uid, kind, now), now=now)
    return HandedIn(report.outcome.happening, ours=True, new=new)


def fact_of(report: Report, uid: UUID, kind: Kind, now: datetime) -> DeliveryFact:
    identity = hashlib.sha256(f"{uid} {kind} {report.identity}".encode()).hexdigest()
    return DeliveryFact(
        delivery=uid,
        kind=kind,
        at=moment(report.at, now),
        key=f"mail:{identity}",
        detail=report.outcome.words,
        bounce=report.outcome.bounce,
    )


def delivery_of(report: Report) -> UUID | None:
    """Return the delivery that a report speaks of, as far as it proves that."""
    numbers = [number for address in report.addresses if (number := delivery_in(address))]
    for rows in (
        Delivery.objects.filter(pk__in=numbers),
        Delivery.objects.filter(uid__in=list(uids_in(report.message_ids))),
    ):
        uid: UUID | None = rows.values_list("uid", flat=True).first()
        if uid is not None:
            return uid
    return None


def uids_in(message_ids: Iterable[str]) -> Iterable[UUID]:
    """Return the uids in those Message-IDs that may be ours."""
    for message_id in message_ids:
        uid = uid_in(message_id)
        if uid is not None:
            yield uid


def uid_in(message_id: str) -> UUID | None:
    """Return the uid in a Message-ID that may be ours, with or without angle brackets."""
    local, _, domain = message_id.strip().strip("<>").rpartition("@")
    if domain.lower() != settings.MAIL_DOMAIN:
        return None
    return uid_of(local)


def uid_of(text: object) -> UUID | None:
    """Return the UUID that a text is, if it is one as we write them."""
    try:
        return UUID(text) if isinstance(text, str) and len(text) == UID_LENGTH else None
    except ValueError:
        return None
