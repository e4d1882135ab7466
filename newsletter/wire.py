"""A digest as it travels by SMTP: the literals that all mails share are encoded only once.

Quoted-printable (RFC 2045 §6.7) knows a soft line break that means nothing. A piece that
ends in one begins at the start of a line whatever stands before it, so that encoded pieces
are joined as their texts are. Building the same message from its texts takes Django and the
standard library a hundred times as long, most of it to encode the same stories again.
"""

from __future__ import annotations

from binascii import b2a_qp
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.policy import compat32
from functools import lru_cache

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import forbid_multi_line_headers

from newsletter.composing import Composition, PersonalLinks
from newsletter.joining import Parts

# The pieces of an issue in all its variants, of a daily and a weekly in two languages: some
# 1,000 of 1 KB.
CACHED_PIECES = 8_192
# Headers that differ with the reader are not kept; one issue has a dozen others.
CACHED_HEADERS = 256
# RFC 5322 §2.1.1; the standard library folds some at 76.
UNFOLDED = 75
# RFC 2045 §6.7: "=_" cannot occur in quoted-printable, so nothing that somebody wrote ends a part.
BOUNDARY = "=_part"
LINES = compat32.clone(linesep="\r\n")
SOFT_BREAK = b"=\r\n"
HEAD = (
    f'Content-Type: multipart/alternative; boundary="{BOUNDARY}"\r\nMIME-Version: 1.0\r\n'
).encode()
PART = (
    '\r\n--{boundary}\r\nContent-Type: text/{kind}; charset="utf-8"\r\nMIME-Version: 1.0\r\n'
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
)
TEXT = PART.format(boundary=BOUNDARY, kind="plain").encode()
HTML = PART.format(boundary=BOUNDARY, kind="html").encode()
FOOT = f"\r\n--{BOUNDARY}--\r\n".encode()


class Transparent(bytes):
    """Lines of octets as they stand between DATA and the final dot (RFC 5321 §4.5.2)."""


@dataclass(frozen=True, slots=True)
class WireMessage:
    """One reader's message for our SMTP backend alone, which sends it as it stands.

    ``cover`` is the message without its content: addresses, subject, headers. The octets are
    those that it would have had with its content, but for the order of headers, the boundary,
    and where lines break within the encoding; decoded, they are the same.
    """

    cover: EmailMultiAlternatives
    composition: Composition
    links: PersonalLinks

    def as_bytes(self) -> bytes:
        """Return the message as RFC 5322 has it; ValueError where a header cannot be one."""
        return b"".join(self.pieces(encoded))

    def as_data(self) -> Transparent:
        """Return the message as DATA takes it, without looking through it for dots."""
        return Transparent(b"".join(self.pieces(transparent)))

    def pieces(self, form: Callable[[str], bytes]) -> list[bytes]:
        html, text = self.composition.values(self.links)
        return [
            HEAD,
            *headers_of(self.cover),
            TEXT,
            *body(self.composition.text, text, form),
            HTML,
            *body(self.composition.html, html, form),
            FOOT,
        ]


def headers_of(cover: EmailMultiAlternatives) -> list[bytes]:
    """Return the lines of a message's headers, as Django would write them."""
    own = cover.extra_headers
    fields = {
        "Subject": str(cover.subject),
        "From": own.get("From", cover.from_email),
        "To": own.get("To", ", ".join(map(str, cover.to))),
        **own,
    }
    return [header(name, value) for name, value in fields.items()]


def header(name: str, value: str) -> bytes:
    """Return one header with its line break, folded where it is long, in ASCII."""
    if len(name) + len(value) < UNFOLDED and value.isascii() and value.isprintable():
        return f"{name}: {value}\r\n".encode()
    return folded(name, value)


@lru_cache(maxsize=CACHED_HEADERS)
def folded(name: str, value: str) -> bytes:
    """Return a header as Django and the standard library write it; that takes a while."""
    return LINES.fold_binary(*forbid_multi_line_headers(name, value, "utf-8"))


def body(parts: Parts, values: Mapping[str, str], form: Callable[[str], bytes]) -> list[bytes]:
    """Return a mail's one form in pieces that ``form`` encodes, with one reader's values."""
    own = {slot: form(value) for slot, value in values.items()}
    # What all mails of an issue share is encoded once; what is a reader's own is not kept.
    kept = KEPT[form]
    return parts.filled([kept(piece) for piece in parts.pieces], own, b"")


def encoded(text: str) -> bytes:
    """Return a text in quoted-printable, such that anything encoded may follow it.

    Lines have at most 76 characters and end in CRLF; the last one ends in a soft break
    unless it is empty.
    """
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    # One more letter leaves room for the soft break, and lets a space or a dot at the end be
    # what it is: within a line.
    piece = b2a_qp(unified.encode() + b"e", istext=True)[:-1].replace(b"\n", b"\r\n")
    return piece + SOFT_BREAK if piece and not piece.endswith(b"\r\n") else piece


def transparent(text: str) -> bytes:
    """Return an encoded text in which a dot at the start of a line is doubled."""
    return dotted(encoded(text))


def dotted(octets: bytes) -> bytes:
    """Double a dot at the start of every line (RFC 5321 §4.5.2); the octets begin one."""
    begun = b"." + octets if octets.startswith(b".") else octets
    return begun.replace(b"\n.", b"\n..")


KEPT: dict[Callable[[str], bytes], Callable[[str], bytes]] = {
    form: lru_cache(maxsize=CACHED_PIECES)(form) for form in (encoded, transparent)
}
