"""A mail server on loopback that takes everything, writes it down, and strikes while it does.

A process of its own. What it took stands in a file, by write(2), before the server says 250:
its list outlives every process, and is what the ledger is compared with. Standard library only.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import cast

from newsletter.proving import processes
from newsletter.proving.faults import Deed, Fault, Moment

HOST = "127.0.0.1"
HEADERS_MAX_BYTES = 8_192
MESSAGE_ID = re.compile(rb"(?mi)^Message-ID:\s*<([^@>\s]+)")
RECIPIENT = re.compile(rb"<([^>\s]*)>")
END = b"\r\n.\r\n"
GREETING = b"220 sink.example ESMTP"
FEATURES = b"250-sink.example\r\n250-PIPELINING\r\n250 8BITMIME"
# The strength of a listening socket's patience while all workers connect at once.
BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Orders:
    """Where to write down what was taken and whom we struck, and whom to strike.

    ``guard`` is the process whose descendants alone may be struck.
    """

    taken: str
    struck: str
    guard: int
    freeze_seconds: float
    faults: tuple[Fault, ...]

    @classmethod
    def read(cls, path: Path) -> Orders:
        fields = json.loads(path.read_text())
        faults = tuple(
            Fault(after, Deed(deed), Moment(moment)) for after, deed, moment in fields["faults"]
        )
        return cls(**{**fields, "faults": faults})


def append_to(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


class Sink:
    """What all conversations share: the list, and the faults still to come."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.taken = append_to(orders.taken)
        self.struck = append_to(orders.struck)
        self.number = 0
        self.port = 0
        self.faults = {
            moment: deque(fault for fault in orders.faults if fault.moment is moment)
            for moment in (Moment.ENVELOPE, Moment.ANSWER)
        }

    def take(self, head: bytes, recipient: str) -> None:
        """Write down one message by its first bytes: when, which, for whom."""
        found = MESSAGE_ID.search(head)
        name = found[1].decode("ascii", "replace") if found else "-"
        self.number += 1
        os.write(self.taken, f"{monotonic():.6f} {name} {recipient}\n".encode())

    def due(self, moment: Moment) -> Fault | None:
        waiting = self.faults[moment]
        return waiting[0] if waiting and self.number >= waiting[0].after else None

    def strike(self, fault: Fault, conversation: Conversation) -> None:
        """Do a fault's deed to whoever speaks; a fault that finds nobody waits for the next.

        The process is stopped first, so that our answer has left and surely is not heard.
        """
        pid = processes.owner_of(conversation.port, self.port)
        if pid is None or not processes.descends_from(pid, self.orders.guard):
            return
        self.faults[fault.moment].popleft()
        processes.do(Deed.FREEZE, pid)
        conversation.flush()
        if fault.deed is Deed.FREEZE:
            loop = asyncio.get_running_loop()
            loop.call_later(self.orders.freeze_seconds, processes.thaw, pid)
        else:
            processes.do(fault.deed, pid)
        os.write(self.struck, f"{fault.deed.name} {fault.moment.name} {pid}\n".encode())


class Conversation(asyncio.Protocol):
    """One client's dialogue (RFC 5321), also where it does not wait for answers (RFC 2920)."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.buffer = bytearray()
        self.answers: list[bytes] = []
        self.in_content = False
        self.looked_at = 0
        self.recipient = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.port = int(transport.get_extra_info("peername")[1])
        self.say(GREETING)
        self.flush()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while self.content() if self.in_content else self.command():
            pass
        self.flush()

    def say(self, answer: bytes) -> None:
        self.answers.append(answer)

    def flush(self) -> None:
        if self.answers and not self.transport.is_closing():
            self.transport.write(b"\r\n".join([*self.answers, b""]))
        self.answers.clear()

    def command(self) -> bool:
        """Obey one line; False where no whole one is there yet."""
        line, found, rest = self.buffer.partition(b"\r\n")
        if not found:
            return False
        self.buffer = rest
        match bytes(line[:4]).upper():
            case b"EHLO":
                self.say(FEATURES)
            case b"MAIL":
                self.say(b"250 2.1.0 ok")
                self.meet(Moment.ENVELOPE)
            case b"RCPT":
                name = RECIPIENT.search(line)
                self.recipient = name[1].decode("utf-8", "replace") if name else "-"
                self.say(b"250 2.1.5 ok")
            case b"DATA":
                self.in_content, self.looked_at = True, 0
                self.say(b"354 go on")
                self.flush()
            case b"QUIT":
                self.say(b"221 2.0.0 bye")
                self.flush()
                self.transport.close()
                return False
            case _:
                self.say(b"250 2.0.0 ok")
        return True

    def content(self) -> bool:
        """Take a message if its end has come."""
        end = self.buffer.find(END, max(0, self.looked_at - len(END)))
        self.looked_at = len(self.buffer)
        if end < 0:
            return False
        self.sink.take(bytes(self.buffer[: min(end, HEADERS_MAX_BYTES)]), self.recipient)
        del self.buffer[: end + len(END)]
        self.in_content = False
        self.say(b"250 2.0.0 taken")
        self.meet(Moment.ANSWER)
        return True

    def meet(self, moment: Moment) -> None:
        fault = self.sink.due(moment)
        if fault is not None:
            self.sink.strike(fault, self)


async def serve(orders: Orders) -> None:
    """Listen until somebody says stop; the port goes to standard output."""
    sink = Sink(orders)
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    server = await loop.create_server(lambda: Conversation(sink), HOST, 0, backlog=BACKLOG)
    sink.port = server.sockets[0].getsockname()[1]
    print(sink.port, flush=True)
    await over.wait()


if __name__ == "__main__":
    asyncio.run(serve(Orders.read(Path(sys.argv[1]))))
