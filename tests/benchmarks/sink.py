"""A mail server that only counts: a process of its own, so that it takes no time from a worker.

``python -m tests.benchmarks.sink`` prints its port, and at its end (SIGTERM) what it took.
"""

from __future__ import annotations

import contextlib
import json
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.installation import PATIENCE_SECONDS, ROOT

END = b"\r\n.\r\n"
MESSAGE_ID = b"\r\nMessage-ID: <"
UID_LENGTH = 36
# Workers that start and stop at different times would blur the speed.
STEADY_FROM, STEADY_TO = 0.2, 0.9
# Of our own: how many messages came so far.
COUNT = b"XCNT"
AT_ONCE = 131_072
BACKLOG = 128
ANSWERS = {
    b"EHLO": b"250-sink.example\r\n250 PIPELINING\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
}


class Taken:
    """How many messages came, how large, how often each, and when."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.times: list[float] = []
        self.octets = 0
        self.uids: set[bytes] = set()

    def take(self, message: bytearray) -> None:
        start = message.find(MESSAGE_ID) + len(MESSAGE_ID)
        with self.lock:
            self.uids.add(bytes(message[start : start + UID_LENGTH]))
            self.octets += len(message)
            self.times.append(time.monotonic())


def converse(client: socket.socket, taken: Taken) -> None:
    """Hold one dialogue, in as few steps as the client's: its octets are not looked through."""
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(b"220 sink.example ESMTP\r\n")
    waiting = bytearray()
    in_content = False
    while octets := client.recv(AT_ONCE):
        waiting += octets
        if in_content:
            if not waiting.endswith(END):
                continue
            taken.take(waiting)
            waiting.clear()
            in_content = False
            client.sendall(b"250 2.0.0 taken\r\n")
            continue
        answers = []
        while not in_content and (end := waiting.find(b"\r\n")) >= 0:
            verb = bytes(waiting[:4]).upper()
            del waiting[: end + 2]
            in_content = verb == b"DATA"
            count = b"250 %d\r\n" % len(taken.times) if verb == COUNT else b"250 2.0.0 ok\r\n"
            answers.append(ANSWERS.get(verb, count))
        client.sendall(b"".join(answers))


def listen(server: socket.socket, taken: Taken) -> None:
    while True:
        client, _ = server.accept()
        threading.Thread(target=attend, args=(client, taken), daemon=True).start()


def attend(client: socket.socket, taken: Taken) -> None:
    with client, contextlib.suppress(OSError):
        converse(client, taken)


def serve() -> None:
    taken = Taken()
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: over.set())
    server = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    threading.Thread(target=listen, args=(server, taken), daemon=True).start()
    print(server.getsockname()[1], flush=True)
    over.wait()
    count = len(taken.times)
    first, last = int(count * STEADY_FROM), int(count * STEADY_TO)
    seconds = taken.times[last] - taken.times[first] if count else 0.0
    octets = taken.octets // count if count else 0
    print(
        json.dumps(
            {
                "count": count,
                "different": len(taken.uids),
                "octets": octets,
                "a_second": (last - first) / seconds if seconds else 0.0,
            }
        ),
        flush=True,
    )


@dataclass(frozen=True)
class Summary:
    """What a sink took: messages, different ones, octets of one, and messages a second."""

    count: int
    different: int
    octets: int
    a_second: float


class Sink:
    """Start with ``with Sink() as sink``; ``summary`` is there afterwards."""

    summary = Summary(0, 0, 0, 0.0)

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.sink"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        return self

    def count(self) -> int:
        """Return how many messages came so far."""
        with smtplib.SMTP("127.0.0.1", self.port) as client:
            return int(client.docmd(COUNT.decode())[1])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.terminate()
        words, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        self.summary = Summary(**json.loads(words))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        serve()
