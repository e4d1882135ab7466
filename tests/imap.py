"""A mailbox on loopback that speaks as much IMAP (RFC 9051) as fetching bounces needs."""

from __future__ import annotations

import re
import socketserver
import threading
from dataclasses import dataclass, field


@dataclass
class Letter:
    """A message in the mailbox."""

    raw: bytes
    flags: set[str] = field(default_factory=set)


class Dialogue(socketserver.StreamRequestHandler):
    server: ImapServer

    def handle(self) -> None:
        self.write(b"* OK ready")
        while line := self.rfile.readline():
            tag, _, command = line.strip().partition(b" ")
            if self.server.breaks_at and self.server.breaks_at in command:
                return
            for answer in self.answers(command.decode("latin-1")):
                self.write(answer)
            self.write(tag + b" OK done")
            if command.upper() == b"LOGOUT":
                return

    def write(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")

    def answers(self, command: str) -> list[bytes]:
        self.server.heard.append(command)
        letters = self.server.letters
        match re.split(r"[ (]", command.upper())[:2]:
            case ["CAPABILITY"]:
                return [b"* CAPABILITY IMAP4rev1"]
            case ["SELECT", *_]:
                return [b"* %d EXISTS" % len(letters)]
            case ["UID", "SEARCH"]:
                wanted = [uid for uid, one in letters.items() if not one.flags]
                return [b"* SEARCH " + " ".join(map(str, wanted)).encode()]
            case ["UID", "FETCH"]:
                uid, most = int(command.split()[2]), int(re.findall(r"<0\.(\d+)>", command)[0])
                if uid not in letters:
                    return []
                raw = letters[uid].raw[:most]
                head = f"* {uid} FETCH (UID {uid} BODY[]<0> {{{len(raw)}}}".encode()
                return [head, raw + b")"]
            case ["UID", "STORE"]:
                letter = letters.get(int(command.split()[2]), Letter(b"deleted meanwhile"))
                letter.flags |= set(re.findall(r"\\\w+", command))
            case ["EXPUNGE"]:
                for uid in [uid for uid, one in letters.items() if r"\Deleted" in one.flags]:
                    del letters[uid]
            case ["LOGOUT"]:
                return [b"* BYE"]
        return []


class ImapServer(socketserver.ThreadingTCPServer):
    """Start with ``with ImapServer(messages) as server``; it drops a client at ``breaks_at``."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, messages: list[bytes], breaks_at: bytes = b"") -> None:
        super().__init__(("127.0.0.1", 0), Dialogue)
        self.letters = {number: Letter(raw) for number, raw in enumerate(messages, start=1)}
        self.breaks_at = breaks_at
        self.heard: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def __enter__(self) -> ImapServer:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}).start()
        return self

    def __exit__(self, *args: object) -> None:
        self.shutdown()
        self.server_close()
