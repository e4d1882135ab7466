"""A mail server on loopback that does as it is told, and writes down what it took."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

# What a step of the dialogue may do instead of answering 250.
DROP = "drop"
HANG = "hang"
# Longer than any test lets its client wait.
HANG_SECONDS = 30.0
DROP_AFTER_TAKING = "take and drop"

MESSAGE_ID = re.compile(rb"(?mi)^Message-ID:\s*<([^@>]+)")


@dataclass
class Script:
    """Answers by step: connect, helo, mail, rcpt, data, dot, quit. A list is used up in order."""

    answers: dict[str, list[str]] = field(default_factory=dict)

    def answer(self, step: str, usual: str) -> str:
        waiting = self.answers.get(step)
        return waiting.pop(0) if waiting else usual


class Dialogue(socketserver.StreamRequestHandler):
    server: SmtpServer

    def handle(self) -> None:
        if not self.reply("connect", "220 mail.example ESMTP"):
            return
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                self.reply("quit", "221 2.0.0 bye")
                return
            if not self.obey(verb, line):
                return

    def obey(self, verb: bytes, line: bytes) -> bool:
        match verb:
            case b"EHLO" | b"HELO":
                return self.reply("helo", self.server.features)
            case b"MAIL":
                self.sender = line.decode().split("<")[1].split(">")[0]
                return self.reply("mail", "250 2.1.0 ok")
            case b"RCPT":
                self.recipient = line.decode().split("<")[1].split(">")[0]
                return self.reply("rcpt", "250 2.1.5 ok")
            case b"DATA":
                answer = self.server.script.answer("data", "354 go on")
                return self.write(answer) and (not answer.startswith("354") or self.content())
            case b"AUTH":
                return self.reply("auth", "235 2.7.0 welcome")
            case _:
                return self.reply("other", "250 2.0.0 ok")

    def content(self) -> bool:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line[1:] if line.startswith(b"..") else line)
        answer = self.server.script.answer("dot", "250 2.0.0 taken")
        if answer.startswith("2") or answer == DROP_AFTER_TAKING:
            self.server.senders.append(self.sender)
            self.server.take(self.recipient, b"".join(lines))
        return self.write(answer)

    def reply(self, step: str, usual: str) -> bool:
        return self.write(self.server.script.answer(step, usual))

    def write(self, answer: str) -> bool:
        if answer == HANG:
            self.server.over.wait(HANG_SECONDS)
        if answer in (DROP, DROP_AFTER_TAKING, HANG):
            return False
        self.wfile.write(answer.encode() + b"\r\n")
        return True


class SmtpServer(socketserver.ThreadingTCPServer):
    """Start with ``with SmtpServer() as server``; ``taken`` has (recipient, message).

    ``senders`` has their envelope senders, in the same order. With ``pipelining`` clients need
    not wait for answers (RFC 2920).
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, script: Script | None = None, *, pipelining: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Dialogue)
        self.features = "250-mail.example\r\n250 PIPELINING" if pipelining else "250 mail.example"
        self.script = script or Script()
        self.taken: list[tuple[str, bytes]] = []
        self.senders: list[str] = []
        self.over = threading.Event()
        self.on_taken: Callable[[str], None] = lambda recipient: None
        self.lock = threading.Lock()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def take(self, recipient: str, message: bytes) -> None:
        with self.lock:
            self.taken.append((recipient, message))
        self.on_taken(recipient)

    def ids(self) -> list[str]:
        """Return the Message-IDs of what was taken, left of the @."""
        found = (MESSAGE_ID.search(message) for _, message in self.taken)
        return [match[1].decode() for match in found if match]

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that were killed break their connections; that is what tests are about."""

    def __enter__(self) -> SmtpServer:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}).start()
        return self

    def __exit__(self, *args: object) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()


def closed_port() -> int:
    """Return a port of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
