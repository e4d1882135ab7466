"""The mailbox: every message stays on this machine, as one file that can be read in a browser.

A file's name begins with the moment it was written, so that a listing is in order, and goes
on with its Message-ID, so that a delivery's message can be found. Files appear whole or not
at all. What is read back may be anybody's: a file that is no message is shown as such.
"""

import contextlib
import email
import email.errors
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path
from typing import Self

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

SUFFIX = ".eml"
# No slash and no leading dot: a name can lead nowhere but to a file of the mailbox.
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}"
ID_MAX_LENGTH = 120
# All headers of our own messages are within 4 KiB.
HEADERS_MAX_BYTES = 65_536
# Charsets such as UTF-7 can name halves of a character, which no page can hold.
SURROGATES = re.compile("[\ud800-\udfff]")


class MailboxBackend(BaseEmailBackend):
    """Django's e-mail backend that writes messages to ``settings.MAILBOX_DIR``.

    ``phase`` and ``last_reply`` are what newsletter.transport reads: a file that could not
    be written is proof that nothing was taken.
    """

    phase = "writing"
    last_reply = ""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write one file a message and return how many; raise OSError where the disk refuses."""
        written = 0
        for message in email_messages:
            if not message.recipients():
                continue
            try:
                path = keep(message, settings.MAILBOX_DIR)
            except OSError:
                if not self.fail_silently:
                    raise
            else:
                written += 1
                self.last_reply = f"kept as {path.name}"
        return written


def keep(message: EmailMessage, directory: Path) -> Path:
    """Write a message into the directory, all of it or nothing, and return its file."""
    directory.mkdir(parents=True, exist_ok=True)
    mime = message.message()
    path = directory / f"{name_of(mime, datetime.now(UTC))}{SUFFIX}"
    # Names that begin with a dot are not listed.
    draft = directory / f".{path.name}.{os.getpid()}"
    draft.write_bytes(mime.as_bytes())
    draft.replace(path)
    return path


def name_of(mime: Message, now: datetime) -> str:
    """Return a name that sorts by time and holds what identifies the message."""
    identity = str(mime["Message-ID"] or "no-id").strip().strip("<>").partition("@")[0]
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", identity)[:ID_MAX_LENGTH]
    return f"{now:%Y%m%dT%H%M%S%f}-{safe}"


class NoLetter(LookupError):
    """The mailbox holds no message of this name."""


@dataclass(frozen=True, slots=True)
class Letter:
    """The headers of a message that a list shows; ``readable`` is false for what is none.

    ``edition`` is the first label of its List-Id, ``daily`` or ``weekly`` in our own.
    """

    name: str
    to: str
    sender: str
    subject: str
    edition: str
    at: datetime | None
    readable: bool

    @classmethod
    def from_headers(cls, name: str, headers: "Message | None") -> Self:
        if headers is None or not headers.keys():
            return cls(name, to="", sender="", subject="", edition="", at=None, readable=False)
        return cls(
            name=name,
            to=decoded(headers, "To"),
            sender=decoded(headers, "From"),
            subject=decoded(headers, "Subject"),
            edition=decoded(headers, "List-Id").rpartition("<")[2].partition(".")[0],
            at=date_of(headers),
            readable=True,
        )

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses it went to, in lower case; none where they are comments without end."""
        try:
            found = getaddresses([self.to])
        except RecursionError:
            return ()
        return tuple(address.lower() for _name, address in found if address)


@dataclass(frozen=True, slots=True)
class OpenLetter:
    """A whole message, taken apart for reading."""

    letter: Letter
    headers: tuple[tuple[str, str], ...]
    html: str
    text: str
    source: str


def names(directory: Path) -> list[str]:
    """Return the names of all messages, the newest first."""
    try:
        files = [entry.name for entry in os.scandir(directory)]
    except FileNotFoundError:
        return []
    shown = (file.removesuffix(SUFFIX) for file in files if file.endswith(SUFFIX))
    return sorted((name for name in shown if re.fullmatch(NAME, name)), reverse=True)


def glances(directory: Path, wanted: Iterable[str]) -> Iterator[Letter]:
    """Yield these messages' headers, leaving out what was deleted meanwhile."""
    for name in wanted:
        with contextlib.suppress(NoLetter):
            yield glance(directory, name)


def names_to(directory: Path, recipient: str) -> list[str]:
    """Return the names of messages to addresses that hold ``recipient``, the newest first."""
    wanted = recipient.strip().lower()
    return [
        letter.name
        for letter in glances(directory, names(directory))
        if any(wanted in address for address in letter.addresses)
    ]


def glance(directory: Path, name: str) -> Letter:
    """Read a message's headers alone; raise NoLetter where there is no such file."""
    try:
        with file_of(directory, name).open("rb") as file:
            head = file.read(HEADERS_MAX_BYTES)
    except FileNotFoundError as exc:
        raise NoLetter(name) from exc
    except OSError:
        return Letter.from_headers(name, None)
    return Letter.from_headers(name, BytesHeaderParser().parsebytes(head))


def read(directory: Path, name: str) -> OpenLetter:
    """Read a whole message; raise NoLetter where there is no such file."""
    try:
        raw = file_of(directory, name).read_bytes()
    except FileNotFoundError as exc:
        raise NoLetter(name) from exc
    except OSError as exc:
        return OpenLetter(Letter.from_headers(name, None), (), "", "", str(exc))
    message = taken_apart(raw)
    return OpenLetter(
        letter=Letter.from_headers(name, message),
        headers=tuple((key, readable(value)) for key, value in message.items()),
        html=part(message, "text/html"),
        text=part(message, "text/plain"),
        source=raw.decode("utf-8", errors="replace"),
    )


def file_of(directory: Path, name: str) -> Path:
    """Return where a message would lie; raise NoLetter for what cannot be a name."""
    if not re.fullmatch(NAME, name):
        raise NoLetter(name)
    return directory / f"{name}{SUFFIX}"


def taken_apart(raw: bytes) -> Message:
    """Return a message with its parts, or its headers alone where parts nest too deep."""
    try:
        return email.message_from_bytes(raw)
    except RecursionError:
        return BytesHeaderParser().parsebytes(raw)


def part(message: Message, content_type: str) -> str:
    """Return the first part of a type as text, empty where there is none."""
    for piece in message.walk():
        if piece.get_content_type() == content_type:
            payload = piece.get_payload(decode=True)
            if isinstance(payload, bytes):
                return in_charset(payload, charset_of(piece))
    return ""


def charset_of(piece: Message) -> str:
    """Return what a part says of its charset, UTF-8 where that cannot be read."""
    try:
        return piece.get_content_charset("utf-8")
    except ValueError:  # a parameter with a number or a charset that is none
        return "utf-8"


def in_charset(payload: bytes, charset: str) -> str:
    """Decode what somebody says is in a charset, and show what is not as U+FFFD."""
    try:
        return whole_characters(payload.decode(charset, errors="replace"))
    except (LookupError, ValueError):  # none that Python knows, or that takes any bytes
        return payload.decode("utf-8", errors="replace")


def whole_characters(text: str) -> str:
    return SURROGATES.sub("\ufffd", text)


def decoded(headers: Message, key: str) -> str:
    return readable(headers.get(key, ""))


def readable(value: object) -> str:
    """Return a header's value on one line, its encoded words decoded where they can be."""
    unfolded = " ".join(str(value).split())
    try:
        return whole_characters(str(make_header(decode_header(unfolded))))
    except (LookupError, ValueError, email.errors.MessageError):
        return whole_characters(unfolded)


def date_of(headers: Message) -> datetime | None:
    """Return the Date header as a moment in the house's zone, or None where it is no date.

    Some dates of the years 1 and 9999 exist in their own zone and not in another.
    """
    try:
        moment = parsedate_to_datetime(str(headers.get("Date", "")))
        return timezone.localtime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (TypeError, ValueError, OverflowError):
        return None
