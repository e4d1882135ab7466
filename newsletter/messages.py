"""A composed mail as an e-mail message: addresses, headers, two alternatives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache, partial
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import sanitize_address

from newsletter.composing import ComposedMail
from subscribers.letters import quoted_printable
from subscribers.links import page

# RFC 5322 §2.1.1 recommends lines of at most 78 characters, "Subject: " included; longer
# subjects are folded, and cut off in every inbox long before this.
SUBJECT_SHOWN = 150
# Not printable by themselves, but emoji and Persian words fall apart without them.
JOINERS = "\u200c\u200d"
# Servers' words beyond this are never shown, and need not be searched for addresses.
WORDS_READ = 2_000
# As much as can be an address, a quoted local part included (RFC 5321 §4.1.2).
ADDRESS = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^\s<>"(),:;@]*)@[^\s<>"(),:;@]*')
# Every message has the same sender, mostly with a name.
SENDERS_KEPT = 64
SUBJECTS_KEPT = 64
DATES_KEPT = 4
# A dot-atom at a host's name (RFC 5322 §3.4.1, RFC 1123 §2.1): as good as all addresses.
PLAIN_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*"
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whom a message is for, and what identifies it: everything that is not its content."""

    uid: UUID
    address: str
    unsubscribe_url: str
    kind: str
    slug: str
    subject: str
    at: datetime
    # The envelope sender, where bounces of this message have an address of their own (VERP).
    sender: str = ""


def one_line(text: str) -> str:
    """Return text without line breaks and controls: each would begin a header of its own."""
    if not text.isprintable():
        text = "".join(
            character if character.isprintable() or character in JOINERS else " "
            for character in text
        )
    return " ".join(text.split())


def shortened(text: str, limit: int) -> str:
    """Return text of at most ``limit`` characters, cut between words where there are any."""
    if len(text) <= limit:
        return text
    head, _, tail = text[: limit - 1].rpartition(" ")
    return f"{head or tail}…"


def quoted(words: str, limit: int) -> str:
    """Return words of a server, or of an error, as a column of ``limit`` characters holds them.

    One line, all of it printable: PostgreSQL takes neither a NUL nor half a surrogate pair.
    """
    return shortened(one_line(words[:WORDS_READ]), limit)


def impersonal(words: str, limit: int) -> str:
    """Return words as ``quoted`` has them, without addresses: they may outlive the reader."""
    return shortened(ADDRESS.sub("…", one_line(words[:WORDS_READ])), limit)


def sanitised(address: str) -> str:
    """Return an address as Django writes it, in ASCII; ValueError where it cannot be one.

    Most are so already, and seen to be in a hundredth of the time.
    """
    if PLAIN_ADDRESS.fullmatch(address):
        return address
    return as_django_writes(address)


as_django_writes = lru_cache(maxsize=SENDERS_KEPT)(partial(sanitize_address, encoding="utf-8"))


# All messages of an issue have the same, or that of its welcomes.
@lru_cache(maxsize=SUBJECTS_KEPT)
def subject_line(subject: str) -> str:
    return shortened(one_line(subject), SUBJECT_SHOWN)


# Those of a second have the same.
@lru_cache(maxsize=DATES_KEPT)
def date_of(at: datetime) -> str:
    """Return a Date (RFC 5322 §3.6.1)."""
    return format_datetime(at)


def message_id(uid: UUID) -> str:
    """Return the Message-ID that every attempt of a delivery carries (RFC 5322 §3.6.4)."""
    return f"<{uid}@{settings.MAIL_DOMAIN}>"


def headers(envelope: Envelope) -> dict[str, str]:
    """Return the headers of a digest; all of them ASCII, none with a reader's address.

    List-* by RFC 2369, RFC 2919 and RFC 8058; Feedback-ID as Google's FAQ on bulk senders
    has it: four fields, the last one stable, nothing about the recipient.
    """
    kind = envelope.kind
    home = page("subscribers:subscribe")
    fields = {
        "Message-ID": message_id(envelope.uid),
        "Date": date_of(envelope.at.replace(microsecond=0)),
        "List-Id": f"<{kind}.{settings.MAIL_DOMAIN}>",
        "List-Unsubscribe": f"<{envelope.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Help": f"<{home}>",
        "List-Archive": f"<{page('newsletter:archive')}>",
        "List-Subscribe": f"<{home}>",
        "Feedback-ID": f"{envelope.slug}:{kind}:digest:{settings.FEEDBACK_SENDER_ID}",
        "Precedence": "bulk",
    }
    if settings.REPLY_TO:
        fields["Reply-To"] = settings.REPLY_TO
    if envelope.sender:
        # Django and Anymail then take the message's own sender for the envelope alone.
        fields["From"] = settings.DEFAULT_FROM_EMAIL
    return fields


def message_for(envelope: Envelope, mail: ComposedMail) -> EmailMultiAlternatives:
    """Build the message for one reader: one recipient, text and HTML, no tracking.

    Raises ValueError where the address cannot stand in a header.
    """
    sanitised(envelope.address)
    message = EmailMultiAlternatives(
        subject=subject_line(envelope.subject),
        body=mail.text,
        from_email=envelope.sender or settings.DEFAULT_FROM_EMAIL,
        to=[envelope.address],
        headers=headers(envelope),
        alternatives=[(mail.html, "text/html")],
    )
    message.encoding = quoted_printable()
    # Anymail reads these; other backends do not look.
    message.metadata = {"delivery": str(envelope.uid)}  # type: ignore[attr-defined]
    message.tags = [envelope.kind]  # type: ignore[attr-defined]
    message.track_clicks = False  # type: ignore[attr-defined]
    message.track_opens = False  # type: ignore[attr-defined]
    return message
