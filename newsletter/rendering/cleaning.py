"""Editors' text made safe to stand in a mail: characters, attributes and addresses.

Nothing here knows of MJML; the rules come from what MJML, premailer and mail programs do
with odd characters.
"""

import re
import unicodedata
from typing import Literal
from urllib.parse import quote, urlsplit, urlunsplit

from django.utils.html import escape
from django.utils.safestring import SafeString

TAB, NEWLINE = 0x09, 0x0A
C0_CONTROLS = range(0x20)
# Gmail calls a mail "clipped" that holds one of U+0080 to U+009F (email-bugs #41).
C1_CONTROLS = range(0x7F, 0xA0)
# Embeddings, overrides and isolates turn the words around them if they are not closed. The
# marks U+200E and U+200F, which real text needs, stay.
BIDI_CONTROLS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
# UTF-8 cannot hold half a pair.
SURROGATES = range(0xD800, 0xE000)
# Unicode §23.7: never characters. HTML calls them parse errors.
NONCHARACTERS = (
    *range(0xFDD0, 0xFDF0),
    *(plane << 16 | last for plane in range(17) for last in (0xFFFE, 0xFFFF)),
)
BYTE_ORDER_MARK = 0xFEFF
LINE_SEPARATORS = (0x2028, 0x2029)

STRIPPED: dict[int, str | None] = {
    **dict.fromkeys(C0_CONTROLS),
    **dict.fromkeys(C1_CONTROLS),
    **dict.fromkeys(BIDI_CONTROLS),
    **dict.fromkeys(SURROGATES),
    **dict.fromkeys(NONCHARACTERS),
    BYTE_ORDER_MARK: None,
    **dict.fromkeys(LINE_SEPARATORS, "\n"),
    NEWLINE: "\n",
    TAB: "\t",
}

# What an inbox shows after the subject; mail programs cut longer ones.
LEAD_LENGTH = 120

# Not \s: a no-break space was put there on purpose.
BLANKS = re.compile(r"[ \t\n]+")
WORTH_AN_ENTITY = re.compile(r"[^\x20-\x7e]|\\")

ATTRIBUTE_MARKS = str.maketrans('<>"', "‹›”")

# RFC 3986 §2: reserved and unreserved characters that each part of an address may hold as
# they are. "%" stays where it begins an escape and becomes %25 elsewhere.
PATH_CHARACTERS = "/:@!$&()*+,;=-._~%"
QUERY_CHARACTERS = PATH_CHARACTERS + "?"
STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
HOST = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z0-9_-]+|\[[0-9a-f:.]+\]")


def clean(text: str) -> str:
    """Return text with every line break as a newline and without control characters."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(STRIPPED)


def clean_line(text: str) -> str:
    """Return text on one line: clean, with runs of blanks as one space."""
    return BLANKS.sub(" ", clean(text)).strip(" ")


def for_attribute(text: str) -> str:
    """Return a line with typographic brackets and quotes, for the value of an attribute.

    libxml2, on which premailer stands, prints ``<!-- -->`` in an attribute as it is, a comment
    for programs that do not parse HTML, and changes the quotes around a value with one in it.
    """
    return text.translate(ATTRIBUTE_MARKS)


def attribute(text: str) -> SafeString:
    """Return one clean line to stand between the double quotes of an MJML attribute.

    mrml 6 writes attributes with Rust's debug format, which turns backslashes and most
    characters beyond ASCII into escapes of Rust; numeric entities go through untouched.
    """
    escaped = escape(for_attribute(clean_line(text)))
    return SafeString(WORTH_AN_ENTITY.sub(lambda found: f"&#{ord(found[0])};", escaped))


def safe_url(address: str) -> str:
    """Return an http(s) address in plain ASCII, or "" for anything that must not be a link."""
    try:
        parts = urlsplit(clean_line(address))
        port = f":{parts.port}" if parts.port is not None else ""
        host = ascii_host(parts.hostname or "")
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not HOST.fullmatch(host) or parts.username:
        return ""
    return urlunsplit(
        (
            parts.scheme,
            host + port,
            escaped_part(parts.path, PATH_CHARACTERS),
            escaped_part(parts.query, QUERY_CHARACTERS),
            escaped_part(parts.fragment, QUERY_CHARACTERS),
        )
    )


def ascii_host(host: str) -> str:
    """Return a host name with its labels in ASCII; raise ValueError where that cannot be."""
    if ":" in host:
        return f"[{host}]"
    return host if host.isascii() else host.encode("idna").decode("ascii")


def escaped_part(part: str, allowed: str) -> str:
    return quote(STRAY_PERCENT.sub("%25", part), safe=allowed)


def direction_of(text: str) -> Literal["ltr", "rtl", ""]:
    """Return which way the first letter with a direction runs (UAX #9, P2 and P3), or ""."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in {"L", "R", "AL"}:
            return "ltr" if direction == "L" else "rtl"
    return ""


def shortened(text: str, limit: int) -> str:
    """Return at most ``limit`` characters of a line, cut between words where there are any."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    words = head.rpartition(" ")[0]
    # A line of one endless word is cut inside the word rather than to nothing.
    return f"{(words if len(words) > limit // 2 else head).rstrip(' ,;:.–—-')}…"
