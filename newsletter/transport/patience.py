"""How long a server is waited for: in total, whatever it does meanwhile.

A socket's own time-out begins anew with every octet, so a server that drips one a second, or
is slow in each of ten steps, would hold a worker beyond the lease of its message.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from time import monotonic

# RFC 5321 §4.5.3.1.5 allows 512 octets; smtplib bears as much as this.
LONGEST_LINE = 8_192
# The longest replies are those to EHLO, of some 30 lines.
LONGEST_REPLY = 65_536
AT_ONCE = 4_096
# RFC 5321 §4.2: three digits, the same in all lines of a reply.
CODE = re.compile(rb"[2-5][0-9][0-9](?![0-9])")
# What smtplib calls a reply that is none.
NONSENSE = -1
# What a socket says that does not wait, with TLS or without.
NOTHING_THERE = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
# Of a socket's time-outs, zero would mean not to wait at all.
A_MOMENT = 0.001


class Patience:
    """So many ``seconds`` in all from now, and at most ``step`` seconds at a time."""

    def __init__(self, seconds: float, step: float | None = None) -> None:
        self.end = monotonic() + seconds
        self.step = step

    def left(self) -> float:
        """Return the seconds to wait now; raise TimeoutError where all are used up."""
        left = self.end - monotonic()
        if left <= 0:
            raise TimeoutError("the server took too long in all")
        return left if self.step is None else min(left, self.step)

    def lend(self, sock: socket.socket) -> None:
        """Let what somebody else does with a socket end in time; never raises TimeoutError."""
        left = max(self.end - monotonic(), A_MOMENT)
        sock.settimeout(left if self.step is None else min(left, self.step))


def reach(host: str, port: int, patience: Patience) -> socket.socket:
    """Connect to the first address of a host that answers; raise OSError if none does.

    Only the resolver keeps its own time: nobody can interrupt it.
    """
    failure: OSError | None = None
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(patience.left())
            sock.connect(address)
        except OSError as exc:
            sock.close()
            failure = exc
        else:
            return sock
    raise failure or OSError(f"{host} has no address")


def write(sock: socket.socket, octets: bytes, patience: Patience) -> None:
    """Send octets within the time that is left; raise OSError where they do not get through."""
    unsent = memoryview(octets)
    while unsent:
        sock.settimeout(patience.left())
        unsent = unsent[sock.send(unsent) :]


class Replies:
    """What a server says over a socket, reply by reply.

    Every failure is an OSError: smtplib.SMTPServerDisconnected where the server hung up, or
    says more than a reply holds, TimeoutError where the patience is over.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.unread = b""

    def next(self, patience: Patience) -> tuple[int, bytes]:
        """Return the next reply's code and words; NONSENSE for the code of what is no reply."""
        codes, words, size = set(), [], 0
        while True:
            line = self.line(patience)
            words.append(line[4:].strip(b" \t\r\n"))
            size += len(line)
            if not CODE.match(line):
                return NONSENSE, b"\n".join([*words[:-1], line.strip()])
            codes.add(line[:3])
            if line[3:4] != b"-":
                break
            if size > LONGEST_REPLY:
                raise smtplib.SMTPServerDisconnected("the server's reply has no end")
        return int(line[:3]) if len(codes) == 1 else NONSENSE, b"\n".join(words)

    def line(self, patience: Patience) -> bytes:
        """Return the next whole line; half a line at the end is none."""
        while b"\n" not in self.unread:
            if len(self.unread) > LONGEST_LINE:
                raise smtplib.SMTPServerDisconnected("the server's line has no end")
            octets = self.read(patience)
            if not octets:
                raise smtplib.SMTPServerDisconnected("the server hung up")
            self.unread += octets
        line, _, self.unread = self.unread.partition(b"\n")
        return line

    def read(self, patience: Patience) -> bytes:
        """Return what comes next, or has come already: who slept may read what arrived in time."""
        try:
            self.sock.settimeout(patience.left())
        except TimeoutError:
            self.sock.settimeout(0)
        try:
            return self.sock.recv(AT_ONCE)
        except NOTHING_THERE as exc:
            raise TimeoutError("the server took too long in all") from exc

    def expect_silence(self) -> None:
        """Raise SMTPServerDisconnected where the server said something that nobody asked for.

        It would be taken for the answer to what is asked next, up to the final dot.
        """
        if not self.unread:
            self.sock.settimeout(0)
            try:
                self.unread = self.sock.recv(AT_ONCE)
            except NOTHING_THERE:
                return
        said = self.unread.decode("utf-8", "replace").strip() or "nothing more, and hung up"
        raise smtplib.SMTPServerDisconnected(f"unasked, the server said {said}")
