"""A mail server's log as evidence: which of our messages it took. Pure.

Every message has its delivery's uid before the @ of its Message-ID, which servers log. Postfix
logs it as soon as it has read the header, when the message may still break off; that it took
the message is said by later lines with the same queue id. What any other program says of a
Message-ID is taken for a message that was accepted.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Collection, Iterator
from contextlib import closing
from enum import StrEnum
from io import BufferedIOBase
from pathlib import Path
from uuid import UUID

# RFC 5424 §6.1 asks for 2 KB and more; what is longer is read in pieces, which overlap so
# that no Message-ID falls between two.
LONGEST_LINE = 64 * 1024
OVERLAP = 200
GZIP_MAGIC = b"\x1f\x8b"
# An SMTP session each; a server has some hundred at once.
SESSIONS_KEPT = 10_000

UID = re.compile(rb"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@", re.IGNORECASE)
# Host and program[pid]: before what it says, within so many octets.
POSTFIX = re.compile(
    rb"(?:(\S{1,255}) )?[\w.-]{0,40}postfix[\w.-]{0,40}(?:/[\w.-]{1,40}){0,2}"
    rb"/([\w-]{1,40})\[(\d{1,10})\]: "
)
TAG_LENGTH = 400
OF_A_QUEUE_ID = re.compile(rb"([0-9A-Za-z]{5,20}): ")
STATUS = re.compile(rb", status=(sent|bounced|expired|deferred)\b")
# Refused by a filter although it was whole, or broken off while its content came.
REFUSED = re.compile(rb"(?:milter-)?reject: ")
BROKEN_OFF = re.compile(rb"(?:lost connection|timeout) after DATA \(")
# What programs say of a message that they do not take.
NOT_TAKEN = re.compile(rb"reject|refus|lost connection", re.IGNORECASE)

Key = tuple[bytes, bytes]


class Evidence(StrEnum):
    """What a log says of a message."""

    SENT = "sent on"
    BOUNCED = "bounced"
    QUEUED = "in the server's queue"
    UNCLEAR = "named, and nobody says what became of it"


# The strongest first.
PROOF = (Evidence.BOUNCED, Evidence.SENT, Evidence.QUEUED)
BY_STATUS = {
    b"sent": Evidence.SENT,
    b"bounced": Evidence.BOUNCED,
    b"expired": Evidence.BOUNCED,
    b"deferred": Evidence.QUEUED,
}


class Log:
    """What is read out of a log about some messages; nothing is kept of others."""

    def __init__(self, uids: Collection[UUID]) -> None:
        self.uids = {str(uid).encode(): uid for uid in uids}
        self.found: dict[UUID, Evidence] = {}
        self.elsewhere: dict[UUID, Evidence] = {}
        # Those that Postfix named, of which it decides; those of them still without a word
        # about what became of them, by queue id; and those without one for ever.
        self.named: set[UUID] = set()
        self.waiting: dict[Key, UUID] = {}
        self.unclear: set[UUID] = set()
        self.sessions: dict[Key, Key] = {}

    def read(self, line: bytes) -> None:
        """Take in a line, whatever it is."""
        tag = POSTFIX.search(line, 0, TAG_LENGTH) if b"postfix" in line[:TAG_LENGTH] else None
        if tag:
            host, program, pid = tag.groups(default=b"")
            self.read_postfix(program, (host, pid), line[tag.end() :].rstrip())
            return
        for uid in self.known_in(line):
            refused = NOT_TAKEN.search(line)
            strengthen(self.elsewhere, uid, Evidence.UNCLEAR if refused else Evidence.SENT)

    def evidence(self) -> dict[UUID, Evidence]:
        """Return what was found about each message that left a trace."""
        unclear = self.unclear.union(self.waiting.values())
        others = {uid: what for uid, what in self.elsewhere.items() if uid not in self.named}
        return {**others, **dict.fromkeys(unclear, Evidence.UNCLEAR), **self.found}

    def known_in(self, line: bytes) -> Iterator[UUID]:
        for text in UID.findall(line):
            uid = self.uids.get(text.lower())
            if uid is not None:
                yield uid

    def read_postfix(self, program: bytes, session: Key, words: bytes) -> None:
        """Take in what a program of Postfix says in a process of its own."""
        if program == b"smtpd" and BROKEN_OFF.match(words):
            broken_off = self.sessions.pop(session, None)
            if broken_off:
                self.waiting.pop(broken_off, None)
        of_one = OF_A_QUEUE_ID.match(words)
        if of_one is None:
            return
        key, what = (session[0], of_one[1]), words[of_one.end() :]
        if what.startswith(b"client="):
            if len(self.sessions) >= SESSIONS_KEPT:
                self.sessions.clear()
            self.sessions[session] = key
        elif what.startswith(b"message-id="):
            self.begin(key, what)
        elif key in self.waiting:
            self.go_on(key, what)

    def begin(self, key: Key, what: bytes) -> None:
        """Note that a queue id stands for a message now, and for no other one any more."""
        self.end(key)
        for uid in self.known_in(what):
            self.named.add(uid)
            self.waiting[key] = uid

    def go_on(self, key: Key, what: bytes) -> None:
        """Note what became of the message that a queue id stands for."""
        status = STATUS.search(what)
        if status:
            strengthen(self.found, self.waiting[key], BY_STATUS[status[1]])
        elif what.endswith(b"(queue active)"):
            strengthen(self.found, self.waiting[key], Evidence.QUEUED)
        elif REFUSED.match(what):
            del self.waiting[key]
        elif what == b"removed":
            self.end(key)

    def end(self, key: Key) -> None:
        """Forget a queue id, but not that nobody said what became of its message."""
        uid = self.waiting.pop(key, None)
        if uid is not None and uid not in self.found:
            self.unclear.add(uid)


def strengthen(found: dict[UUID, Evidence], uid: UUID, evidence: Evidence) -> None:
    """Write down what was found, where it says more than what was."""
    order = (*PROOF, Evidence.UNCLEAR)
    before = found.get(uid, Evidence.UNCLEAR)
    found[uid] = min(before, evidence, key=order.index)


def lines_of(path: Path) -> Iterator[bytes]:
    """Read a log line by line, also a compressed one; raises OSError, EOFError and zlib.error."""
    with closing(opened(path)) as file:
        rest = b""
        while piece := file.readline(LONGEST_LINE):
            yield rest + piece
            rest = b"" if piece.endswith(b"\n") else piece[-OVERLAP:]


def opened(path: Path) -> BufferedIOBase:
    with path.open("rb") as file:
        is_compressed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    return gzip.open(path) if is_compressed else path.open("rb")
