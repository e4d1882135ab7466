"""A message taken apart, within limits: whoever knows an address may send anything to it."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from email.message import Message

# A report begins with what matters and ends with the message that it is about, of which the
# headers come first. More than this is not looked at.
MOST_READ = 1024 * 1024
# Reports have at most three levels. The library goes down them by recursion.
MOST_CONTAINERS = 20
MOST_PARTS = 100
MOST_BOUNDARIES = 2_000
# The library reads long parameters in square time.
LONGEST_TYPE = 2_000
MOST_GROUPS = 100

TYPE = re.compile(rb"^content-type[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE)
CONTAINER = re.compile(rb"multipart\s*/", re.IGNORECASE)
# What is inside is fields and text for us. The library would go into it, and on.
MESSAGE = re.compile(rb"^(content-type[ \t]*:\s*)message\s*/\s*", re.IGNORECASE | re.MULTILINE)
FIELD = re.compile(r"([!-9;-~]{1,80})[ \t]*:[ \t]*(.*)", re.DOTALL)
TAG = re.compile(r"<[^<>]{0,2000}>")


class Unreadable(ValueError):
    """This is no report that we can read; the message says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of a message: its type, where ``message/x`` is called ``text/x-x``, and its text."""

    type: str
    text: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A message taken apart."""

    head: Message
    parts: tuple[Part, ...]

    def header(self, name: str) -> str:
        """Return a header's first value as one line, or nothing."""
        return one_line(self.head.get(name, ""))

    def headers(self, *names: str) -> list[str]:
        return [one_line(value) for name in names for value in self.head.get_all(name, [])]

    def texts(self, *types: str) -> list[str]:
        return [part.text for part in self.parts if part.type in types]

    @property
    def type(self) -> str:
        return self.head.get_content_type()


def one_line(value: object) -> str:
    return " ".join(str(value).split())


def take_apart(raw: bytes) -> Mail:
    """Take a message apart; raises Unreadable for one that is built to be too much."""
    raw = raw[:MOST_READ].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    types = [match[0] for match in TYPE.finditer(raw)]
    if any(len(one) > LONGEST_TYPE for one in types):
        raise Unreadable("a Content-Type of its parts is far too long")
    if sum(1 for one in types if CONTAINER.search(one)) > MOST_CONTAINERS:
        raise Unreadable("it has too many parts within parts")
    if raw.count(b"\n--") > MOST_BOUNDARIES:
        raise Unreadable("it has too many parts")
    head = email.message_from_bytes(MESSAGE.sub(rb"\1text/x-", raw))
    return Mail(head, tuple(leaves(head)))


def leaves(head: Message) -> list[Part]:
    found = []
    for part in head.walk():
        if not part.is_multipart():
            found.append(Part(part.get_content_type(), text_of(part)))
        if len(found) >= MOST_PARTS:
            break
    return found


def text_of(part: Message) -> str:
    """Return a leaf's text; reports are ASCII, so a wrong guess at the rest harms nothing."""
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return TAG.sub(" ", text) if part.get_content_type() == "text/html" else text


def groups(text: str) -> list[dict[str, str]]:
    """Read fields in groups that empty lines part (RFC 3464 §2.1); names in lower case."""
    found = []
    for block in re.split(r"\n[ \t]*\n", text.strip("\n"), maxsplit=MOST_GROUPS)[:MOST_GROUPS]:
        fields: dict[str, str] = {}
        for line in re.sub(r"\n[ \t]+", " ", block).split("\n"):
            if match := FIELD.fullmatch(line):
                fields.setdefault(match[1].lower(), match[2].strip())
        if fields:
            found.append(fields)
    return found
