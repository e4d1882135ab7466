"""A mail server on loopback that improvises: it keeps to SMTP mostly, and then it does not.

What it did with each message, and whether anybody but itself can know, stands in ``records``.
"""

from __future__ import annotations

import contextlib
import random
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import Self

# How often a step of the dialogue goes wrong, and how often that means to wait in silence.
AMISS = 0.05
SILENCE = 0.04
# A client gives up long before.
LONGEST_SILENCE = 10.0
READER = re.compile(rb"reader-(\d+)@")
RESET = struct.pack("ii", 1, 0)
USUAL = {"connect": 220, "data": 354, "quit": 221, "auth": 235}
# Half of its connections bear an envelope in one piece (RFC 2920).
FEATURES = [b"250 fine\r\n", b"250-fine\r\n250 PIPELINING\r\n"]
WORDS = ["ok", "2.0.0 taken", "5.1.1 no such user", "", "é ü", "x" * 200, "250 inside"]
CODES = [211, 220, 221, 250, 251, 252, 299, 354, 421, 450, 451, 452, 500, 503, 535, 550, 554]


class Over(Exception):
    """The connection is over."""


@dataclass
class Record:
    """What the server knows of a message.

    ``may_dot``: it told the client to send the content. ``answer``: the code of a whole reply,
    by the rules, to the final dot; 0 where there was none.
    """

    may_dot: bool = False
    answer: int = 0
    taken: bool = False

    @property
    def can_be_known(self) -> bool:
        """Whether the client can know: no dot was asked for, or it was answered by the rules."""
        return not self.may_dot or self.answer != 0


class Improviser:
    """Use as ``with Improviser(seed) as server``; one client at a time."""

    def __init__(self, seed: object) -> None:
        self.seed = seed
        self.records: dict[int, Record] = {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        self.thread.join()
        self.listener.close()

    def record(self, number: int) -> Record:
        return self.records.setdefault(number, Record())

    def serve(self) -> None:
        connections = 0
        while True:
            sock, _ = self.listener.accept()
            if self.over.is_set():
                sock.close()
                return
            connections += 1
            sock.settimeout(LONGEST_SILENCE)
            with sock, contextlib.suppress(OSError, Over):
                Conversation(self, sock, random.Random(f"{self.seed}/{connections}")).hold()


class Conversation:
    """One connection."""

    def __init__(self, server: Improviser, sock: socket.socket, chance: random.Random) -> None:
        self.server = server
        self.sock = sock
        self.chance = chance
        self.heard = b""
        self.record = Record()

    def hold(self) -> None:
        self.say("connect")
        while True:
            command = self.hear(b"\n")
            verb = command[:4].upper()
            if found := READER.search(command):
                self.record = self.server.record(int(found[1]))
            if verb == b"DATA":
                self.content()
            else:
                known = {b"EHLO": "helo", b"MAIL": "mail", b"RCPT": "rcpt", b"QUIT": "quit"}
                self.say(known.get(verb, "other"))
            if verb == b"QUIT":
                return

    def hear(self, end: bytes) -> bytes:
        while end not in self.heard:
            octets = self.sock.recv(65_536)
            if not octets:
                raise Over
            self.heard += octets
        part, _, self.heard = self.heard.partition(end)
        return part + end

    def content(self) -> None:
        amiss = self.chance.random() < AMISS
        if amiss:
            self.misbehave("data")
        else:
            self.record.may_dot = True
            self.send(b"354 go on\r\n")
        if not self.record.may_dot:
            return
        if self.chance.random() < AMISS / 2:
            self.break_off()
        self.heard = b"\r\n" + self.heard
        self.hear(b"\r\n.\r\n")
        self.judge()

    def judge(self) -> None:
        """Take a message or not, and answer its final dot."""
        if self.chance.random() < AMISS * 4:
            self.misbehave("dot")
            return
        code = self.chance.choice([250] * 12 + [251, 299, 421, 450, 452, 550, 554, 599])
        self.answer_dot(code, self.reply(code))
        if code == 421:
            raise Over

    def answer_dot(self, code: int, said: bytes) -> None:
        """Answer by the rules: only a code of the second hundred says that it was taken."""
        self.record.taken = 200 <= code < 300
        self.record.answer = code
        self.send(said)

    def say(self, step: str) -> None:
        if self.chance.random() < AMISS:
            self.misbehave(step)
        elif step == "helo":
            self.send(self.chance.choice(FEATURES))
        else:
            self.send(b"%d fine\r\n" % USUAL.get(step, 250))

    def reply(self, code: int) -> bytes:
        """Return a reply of one line or several, by the rules."""
        lines = [self.chance.choice(WORDS) for _ in range(self.chance.choice([1, 1, 1, 2, 9]))]
        marks = ["-"] * (len(lines) - 1) + [" "]
        said = [f"{code}{mark}{line}" for mark, line in zip(marks, lines, strict=True)]
        return "".join(f"{line}\r\n" for line in said).encode()

    def misbehave(self, step: str) -> None:
        """Do something that a client does not expect at this step."""
        if step == "dot":
            # Whatever follows: who is not told by the rules cannot know.
            self.record.taken = self.chance.random() < 0.5
        if self.chance.random() < SILENCE:
            self.be_silent()
        ways = [self.another, self.another, self.chatter, self.babble, self.halves, self.drip]
        ways += [self.break_off, self.say_and_reset, self.two_minds, self.endless]
        self.chance.choice(ways)(step)

    def another(self, step: str) -> None:
        """Give another answer, by the rules, and sometimes hang up."""
        code = self.chance.choice([*CODES, self.chance.randrange(100, 700)])
        lawful = code // 100 in (2, 4, 5)
        if step == "dot" and lawful:
            self.answer_dot(code, self.reply(code))
        else:
            self.record.may_dot |= step == "data" and code == 354
            self.send(self.reply(code))
        if code == 421 or self.chance.random() < 0.2:
            raise Over

    def chatter(self, step: str) -> None:
        """Answer, and say something more that nobody asked for."""
        more = self.reply(self.chance.choice(CODES))
        code = USUAL.get(step, 250)
        if step == "dot":
            self.answer_dot(code, self.reply(code) + more)
        else:
            self.send(self.reply(code) + more)

    def babble(self, step: str) -> None:
        """Say what is no reply."""
        octets = self.chance.randbytes(self.chance.randrange(1, 40)).replace(b"\n", b"")
        nonsense = [octets, b"hello?", b"", b"25", b"2500 much", b" 250 ok", b"+50 ok", b"999 ?"]
        said = self.chance.choice([*nonsense, b"250" + b"9" * 9_000, b"y" * 20_000])
        if said[:3].isdigit() and b"200" <= said[:3] < b"600" and not said[3:4].isdigit():
            said = b"!" + said
        self.send(said + b"\r\n")

    def halves(self, step: str) -> None:
        """Begin a reply, and hang up."""
        whole = self.reply(USUAL.get(step, 250))
        self.send(whole[: self.chance.randrange(len(whole) - 1)])
        raise Over

    def drip(self, step: str) -> None:
        """Answer by the rules, slowly."""
        code = self.chance.choice([USUAL.get(step, 250), 451])
        if step == "dot":
            self.answer_dot(code, b"")
        self.record.may_dot |= step == "data" and code == 354
        for octet in b"%d ok\r\n" % code:
            self.send(bytes([octet]))
            time.sleep(0.001)

    def two_minds(self, step: str) -> None:
        """Give several codes in one reply."""
        codes = self.chance.sample(CODES, 2)
        self.send(b"%d-so\r\n%d or so\r\n" % tuple(codes))

    def endless(self, step: str) -> None:
        """Begin a reply that does not end."""
        while True:
            self.send(b"250-and\r\n" * 500)

    def say_and_reset(self, step: str) -> None:
        """Answer, and throw the connection away: the answer may never be read."""
        code = self.chance.choice(CODES)
        if step == "dot" and code // 100 in (2, 4, 5):
            self.record.taken = code < 300
        self.record.may_dot |= step == "data" and code == 354
        self.send(b"%d ok\r\n" % code)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        raise Over

    def break_off(self, step: str = "") -> None:
        """Hang up, politely or not."""
        if self.chance.random() < 0.5:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        raise Over

    def be_silent(self) -> None:
        """Wait until the client has hung up."""
        while self.sock.recv(65_536):
            pass
        raise Over

    def send(self, octets: bytes) -> None:
        self.sock.sendall(octets)
