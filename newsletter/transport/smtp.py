"""SMTP with a memory for how far it came, and an end to its patience.

An exception's type alone cannot tell whether a server took a message: a connection that
drops before the final dot left nothing behind, one that drops after it may have. So the
connection remembers the phase of the dialogue (RFC 5321 §3.3).
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Never

from django.conf import settings

from newsletter.messages import PLAIN_ADDRESS
from newsletter.transport.outcomes import words
from newsletter.transport.patience import NONSENSE, Patience, Replies, reach, write
from newsletter.wire import Transparent, dotted

START_MAIL_INPUT = 354
# RFC 5321 §4.2.1: the first digit is the verdict.
POSITIVE = range(200, 300)
# RFC 5321 §4.2.3: the only ones with which a sender and a recipient are taken.
TAKES_SENDER, TAKES_RECIPIENT = frozenset({250}), frozenset({250, 251})
CLOSING = 421
# Everything is known by then; a server that answers neither RSET nor QUIT is left standing.
PARTING_SECONDS = 2


class Phase(StrEnum):
    """How far the present message came."""

    CONNECT = "connecting"
    ENVELOPE = "the envelope"
    CONTENT = "the content"
    FINAL_DOT = "the final dot"
    DONE = "done"


class PhaseSMTP(smtplib.SMTP):
    """An SMTP client that knows its phase, and how long it waits in all.

    A message has settings.SECONDS_BEFORE_THE_DOT from its beginning, connecting included, and
    then settings.EMAIL_FINAL_TIMEOUT for the answer to its final dot.
    """

    phase = Phase.CONNECT
    last_reply = ""
    replies: Replies | None = None

    def __init__(self, *args: Any, patience: Patience | None = None, **kwargs: Any) -> None:
        self.patience = patience or Patience(settings.SECONDS_BEFORE_THE_DOT)
        super().__init__(*args, **kwargs)

    def begin(self, patience: Patience | None = None) -> None:
        """Begin a message: nothing of it has left, and its time runs from now."""
        self.patience = patience or Patience(settings.SECONDS_BEFORE_THE_DOT, self.patience.step)
        self.phase = Phase.CONNECT

    def connect(self, host: str = "localhost", port: int = 0, *args: Any) -> tuple[int, bytes]:
        """Connect, and send small packets at once: the final dot is one."""
        answer = super().connect(host, port, *args)
        if self.sock is not None:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return answer

    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        # smtplib's way to open a socket, for subclasses to change: all addresses share our time.
        return reach(host, port, self.patience)

    def send(self, s: Any) -> None:
        """Send octets within the time that is left, to a server that waits for them."""
        self.expect_silence()
        self.write(s.encode(self.command_encoding) if isinstance(s, str) else s)

    def write(self, octets: bytes) -> None:
        sock = self.connected()
        try:
            write(sock, octets, self.patience)
        except OSError as exc:
            self.give_up(exc)

    def expect_silence(self) -> None:
        try:
            self.talk(self.connected()).expect_silence()
        except OSError as exc:
            self.give_up(exc)

    def getreply(self) -> tuple[int, bytes]:
        """Return the next reply; raise SMTPServerDisconnected where none comes in time."""
        sock = self.connected()
        try:
            answer = self.talk(sock).next(self.patience)
        except OSError as exc:
            self.give_up(exc)
        # After STARTTLS the handshake is next, and not ours.
        self.patience.lend(sock)
        return answer

    def connected(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        return self.sock

    def talk(self, sock: socket.socket) -> Replies:
        """Return the replies that come over a socket; under TLS it is another one."""
        if self.replies is None or self.replies.sock is not sock:
            self.replies = Replies(sock)
        return self.replies

    def give_up(self, exc: OSError) -> Never:
        self.close()
        if isinstance(exc, smtplib.SMTPServerDisconnected):
            raise exc
        raise smtplib.SMTPServerDisconnected(f"the connection broke: {exc}") from exc

    def sendmail(
        self,
        from_addr: str,
        to_addrs: str | Sequence[str],
        msg: Any,
        mail_options: Sequence[str] = (),
        rcpt_options: Sequence[str] = (),
    ) -> Any:
        """Send a message, its envelope in one piece where the server bears it (RFC 2920).

        That spares two waits of four. Raises as smtplib does.
        """
        self.ehlo_or_helo_if_needed()
        one = isinstance(to_addrs, str) or len(to_addrs) == 1
        if not one or mail_options or rcpt_options or not self.has_extn("pipelining"):
            return super().sendmail(from_addr, to_addrs, msg, mail_options, rcpt_options)
        recipient = to_addrs if isinstance(to_addrs, str) else to_addrs[0]
        content = lines_of(msg)
        self.say_envelope(from_addr, recipient, len(content))
        code, reply = self.content(content)
        if code not in POSITIVE:
            self.part_after(code)
            raise smtplib.SMTPDataError(code, reply)
        return {}

    def say_envelope(self, sender: str, recipient: str, size: int) -> None:
        """Say at once from whom and to whom a message goes, and that it comes; then listen.

        Whatever is refused, no content follows: the server was not given the message.
        """
        options = f" size={size}" if self.has_extn("size") else ""
        lines = (
            f"mail FROM:{as_path(sender)}{options}",
            f"rcpt TO:{as_path(recipient)}",
            "data",
        )
        if any(end in line for line in lines for end in "\r\n"):
            raise ValueError("an address may not contain line breaks")
        self.begin_envelope()
        self.send("".join(f"{line}\r\n" for line in lines))
        code, reply = self.getreply()
        if code not in TAKES_SENDER:
            self.part_after(code, unheard=2)
            raise smtplib.SMTPSenderRefused(code, reply, sender)
        code, reply = self.getreply()
        if code not in TAKES_RECIPIENT:
            self.part_after(code, unheard=1)
            raise smtplib.SMTPRecipientsRefused({recipient: (code, reply)})
        self.phase = Phase.CONTENT
        code, reply = self.getreply()
        if code != START_MAIL_INPUT:
            self.part_after(code)
            raise smtplib.SMTPDataError(code, reply)

    def part_after(self, code: int, unheard: int = 0) -> None:
        """Part from a server after a refusal; what was still asked of it is answered first.

        One that waits for content all the same, or may as what it says is no reply, would take
        our farewell for content.
        """
        self.patience = Patience(PARTING_SECONDS, self.patience.step)
        with contextlib.suppress(smtplib.SMTPException, OSError):
            codes = {code, *(self.getreply()[0] for _ in range(0 if code == CLOSING else unheard))}
            if codes.isdisjoint({CLOSING, START_MAIL_INPUT, NONSENSE}):
                self.rset()
                return
        self.close()

    def begin_envelope(self) -> None:
        if self.phase is not Phase.CONNECT:
            self.begin()  # another message on the connection, of which nobody told
        self.phase = Phase.ENVELOPE

    def mail(self, sender: str, options: Any = ()) -> tuple[int, bytes]:
        self.begin_envelope()
        return super().mail(sender, options)

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Ask whether the content may come, and send it (RFC 5321 §4.1.1.4)."""
        self.phase = Phase.CONTENT
        self.putcmd("data")
        code, reply = self.getreply()
        if code != START_MAIL_INPUT:
            raise smtplib.SMTPDataError(code, reply)
        return self.content(lines_of(msg))

    def content(self, content: bytes) -> tuple[int, bytes]:
        """Send the content, then the final dot by itself.

        The dot is what hands the message over, so an error before it is proof that nothing
        was taken.
        """
        self.send(content)
        code, reply = self.hand_over()
        self.last_reply = words(code, reply)
        if code in POSITIVE:
            self.phase = Phase.DONE
            return 250, reply
        return code, reply

    def hand_over(self) -> tuple[int, bytes]:
        """Send the final dot, and wait for what the server says of the whole message."""
        # Before the phase changes: what was said by now is not about the dot.
        self.expect_silence()
        self.phase = Phase.FINAL_DOT
        self.patience = Patience(settings.EMAIL_FINAL_TIMEOUT)
        self.write(b".\r\n")
        return self.getreply()

    def _rset(self) -> None:
        # What smtplib says after a refusal; an error here would hide what was refused.
        self.patience = Patience(PARTING_SECONDS, self.patience.step)
        with contextlib.suppress(smtplib.SMTPException, OSError):
            self.rset()

    def quit(self) -> tuple[int, bytes]:
        self.patience = Patience(PARTING_SECONDS, self.patience.step)
        return super().quit()


def as_path(address: str) -> str:
    """Return a sanitised address as MAIL and RCPT take it (RFC 5321 §4.1.2).

    smtplib takes each apart first; most are seen to be whole in a hundredth of the time.
    """
    return f"<{address}>" if PLAIN_ADDRESS.fullmatch(address) else smtplib.quoteaddr(address)


def lines_of(msg: Any) -> bytes:
    """Return a message as DATA takes it: whole lines, a dot at the start of one doubled."""
    content = msg if isinstance(msg, Transparent) else dotted(msg)
    return content if content.endswith(b"\r\n") else content + b"\r\n"


class PhaseSMTPOverTLS(PhaseSMTP, smtplib.SMTP_SSL):
    """The same inside TLS from the first byte (RFC 8314)."""

    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        sock = super()._get_socket(host, port, timeout)
        self.patience.lend(sock)
        return self.context.wrap_socket(sock, server_hostname=host)
