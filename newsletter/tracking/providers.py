"""Anymail's events in our words: Anymail names what happened alike for all its providers.

What it leaves in each provider's own words is whether an address is gone for good.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason

from newsletter.bounces import Bounce, judge
from newsletter.bounces.judging import status_in
from newsletter.tracking.facts import DeliveryFact, moment
from newsletter.tracking.mail import uid_in, uid_of
from newsletter.tracking.verdicts import Kind

# What is not here (queued, sent, opened, clicked, subscribed, unknown) tells us nothing.
KINDS = {
    EventType.DELIVERED: Kind.DELIVERED,
    EventType.BOUNCED: Kind.BOUNCED,
    EventType.DEFERRED: Kind.DEFERRED,
    EventType.COMPLAINED: Kind.COMPLAINED,
    EventType.REJECTED: Kind.REJECTED,
    EventType.FAILED: Kind.REJECTED,
    EventType.UNSUBSCRIBED: Kind.UNSUBSCRIBED,
    EventType.AUTORESPONDED: Kind.AUTO_REPLIED,
}

KNOWN_BAD = (RejectReason.INVALID, RejectReason.BOUNCED)

# Where each provider says how final a bounce is, and its words for it. A word that is not
# here, and a provider that is not, leave it to the words of the receiving server.
PLACES: dict[str, tuple[str, ...]] = {
    "Amazon SES": ("bounce", "bounceType"),
    "Brevo": ("event",),
    "MailerSend": ("data", "type"),
    "Mailgun": ("event-data", "severity"),
    "Mailjet": ("hard_bounce",),
    "Mandrill": ("event",),
    "Postmark": ("Type",),
    "Resend": ("data", "bounce", "type"),
    "SendGrid": ("type",),
    "SendinBlue": ("event",),
    "SparkPost": ("msys", "message_event", "bounce_class"),
    "Unisender Go": ("delivery_info", "delivery_status"),
}
WORDS: dict[str, Bounce] = {
    # Amazon SES, Resend
    "Permanent": Bounce.GONE,
    "Transient": Bounce.SOFT,
    "Undetermined": Bounce.SOFT,
    # Brevo, Mandrill, MailerSend, Postmark
    "hard_bounce": Bounce.GONE,
    "hard_bounced": Bounce.GONE,
    "HardBounce": Bounce.GONE,
    "invalid_email": Bounce.GONE,
    "soft_bounce": Bounce.SOFT,
    "soft_bounced": Bounce.SOFT,
    "SoftBounce": Bounce.SOFT,
    "VirusNotification": Bounce.POLICY,
    # Mailgun's "permanent" is any 5xx, so the server's words decide; SendGrid's "blocked" too
    "temporary": Bounce.SOFT,
    "blocked": Bounce.POLICY,
    # Mailjet
    "True": Bounce.GONE,
    "False": Bounce.SOFT,
    # SparkPost's bounce classes
    "10": Bounce.GONE,
    "30": Bounce.GONE,
    **dict.fromkeys(("20", "21", "22", "23", "24", "40", "70"), Bounce.SOFT),
    **dict.fromkeys(("25", "50", "51", "52", "53", "54"), Bounce.POLICY),
    # Unisender Go
    "err_user_unknown": Bounce.GONE,
    "err_user_inactive": Bounce.GONE,
    "err_domain_inactive": Bounce.GONE,
    "err_mailbox_full": Bounce.SOFT,
    "err_spam_rejected": Bounce.POLICY,
    "err_blacklisted": Bounce.POLICY,
}


def fact_from_anymail(
    event: AnymailTrackingEvent, provider: str, *, now: datetime
) -> DeliveryFact | None:
    """Return what an event reports; None where that is nothing to us. Never raises.

    Providers' fields are as they came in, of any type.
    """
    kind = KINDS.get(text(event.event_type))
    if kind is None:
        return None
    words = " ".join(filter(None, (text(event.mta_response), text(event.description))))
    at = event.timestamp if isinstance(event.timestamp, datetime) else None
    return DeliveryFact(
        delivery=delivery_of(event),
        kind=kind,
        at=moment(at, now),
        key=key_of(event, provider),
        detail=words or text(event.reject_reason),
        bounce=bounce_of(event, kind, provider, words),
    )


def delivery_of(event: AnymailTrackingEvent) -> UUID | None:
    """Return the delivery that an event names: in our metadata, or by our Message-ID.

    Providers without metadata hand back a tag, or the header that we set.
    """
    metadata = event.metadata if isinstance(event.metadata, Mapping) else {}
    tags = event.tags if isinstance(event.tags, list) else []
    named = [uid_of(metadata.get("delivery")), uid_in(text(event.message_id))]
    named += [uid_of(tag) for tag in tags]
    named += [uid_in(header) for header in headers_handed_back(event.esp_event)]
    return next((uid for uid in named if uid is not None), None)


def headers_handed_back(esp_event: Any) -> list[str]:
    """Return the Message-IDs of our own that Postal and Amazon SES hand back."""
    found = [
        at_path(esp_event, ("payload", name, "message_id"))
        for name in ("message", "original_message")
    ]
    mail = esp_event.get("mail") if isinstance(esp_event, Mapping) else None
    headers = mail.get("headers") if isinstance(mail, Mapping) else None
    for header in headers if isinstance(headers, list) else []:
        if at_path(header, ("name",)).lower() == "message-id":
            found.append(at_path(header, ("value",)))
    return found


def key_of(event: AnymailTrackingEvent, provider: str) -> str:
    """Return what a replay has in common with its event, without the recipient in clear.

    By the provider's own identifier of the event; Postmark and others have none for most.
    """
    if event.event_id:
        parts = [provider, text(event.event_id), text(event.event_type)]
    else:
        fields = (event.message_id, event.recipient, event.event_type, event.timestamp)
        parts = [provider, str(delivery_of(event)), *map(text, fields)]
    return f"anymail:{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"


def bounce_of(event: AnymailTrackingEvent, kind: Kind, provider: str, words: str) -> Bounce | None:
    """Judge a bounce by the receiving server's status, the provider's word, the words.

    What a provider refused because of what came back before is gone, too.
    """
    if kind is Kind.REJECTED and event.reject_reason in KNOWN_BAD:
        return Bounce.GONE
    if kind is not Kind.BOUNCED:
        return None
    judged = judge(words)
    if judged is not Bounce.SOFT and status_in(words):
        return judged
    word = WORDS.get(at_path(event.esp_event, PLACES.get(provider, ("?",))))
    if word is None and event.reject_reason == RejectReason.INVALID:
        return Bounce.GONE
    if word is None or (word is Bounce.GONE and is_not_now(words)):
        return judged
    return word


def is_not_now(words: str) -> bool:
    """Tell whether a server said itself that it refused for now (RFC 3463 §3.1)."""
    return status_in(words).startswith("4.") or status_in(words).endswith(".2.2")


def at_path(event: Any, path: tuple[str, ...]) -> str:
    """Return the text at a place in a provider's event, or nothing."""
    for name in path:
        event = event.get(name) if isinstance(event, Mapping) else None
    return text(event)


def text(value: object) -> str:
    """Return a provider's value as text; structures are no text."""
    if value is None or isinstance(value, Mapping | list | tuple | set):
        return ""
    return str(value)
