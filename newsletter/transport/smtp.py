"""SMTP with a memory for how far it came.

An exception's type alone cannot tell whether a server took a message: a connection that
drops before the final dot left nothing behind, one that drops after it may have. So the
connection remembers the phase of the dialogue (RFC 5321 §3.3).
"""

from __future__ import annotations

import smtplib
import socket
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from newsletter.messages import sanitised
from newsletter.transport.outcomes import words
from newsletter.wire import WireMessage

START_MAIL_INPUT = 354
# RFC 5321 §4.2.1: the first digit is the verdict.
POSITIVE = range(200, 300)


class Phase(StrEnum):
    """How far the present message came."""

    CONNECT = "connecting"
    ENVELOPE = "the envelope"
    CONTENT = "the content"
    FINAL_DOT = "the final dot"
    DONE = "done"


class PhaseSMTP(smtplib.SMTP):
    """An SMTP client that knows its phase, and waits long for the last answer."""

    phase = Phase.CONNECT
    last_reply = ""

    def connect(self, host: str = "localhost", port: int = 0, *args: Any) -> tuple[int, bytes]:
        """Connect, and send small packets at once: the final dot is one."""
        answer = super().connect(host, port, *args)
        if self.sock is not None:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return answer

    def mail(self, sender: str, options: Any = ()) -> tuple[int, bytes]:
        self.phase = Phase.ENVELOPE
        return super().mail(sender, options)

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the content (RFC 5321 §4.1.1.4), then the final dot by itself.

        The dot is what hands the message over, so an error before it is proof that nothing
        was taken.
        """
        self.phase = Phase.CONTENT
        self.putcmd("data")
        code, reply = self.getreply()
        if code != START_MAIL_INPUT:
            raise smtplib.SMTPDataError(code, reply)
        # A dot at the start of a line is doubled (RFC 5321 §4.5.2).
        content = (b"." + msg if msg.startswith(b".") else msg).replace(b"\n.", b"\n..")
        self.send(content if content.endswith(b"\r\n") else content + b"\r\n")
        self.phase = Phase.FINAL_DOT
        patience = self.sock.gettimeout() if self.sock else None
        if self.sock:
            self.sock.settimeout(settings.EMAIL_FINAL_TIMEOUT)
        self.send(b".\r\n")
        code, reply = self.getreply()
        if self.sock:
            self.sock.settimeout(patience)
        self.last_reply = words(code, reply)
        if code in POSITIVE:
            self.phase = Phase.DONE
            return 250, reply
        return code, reply


class PhaseSMTPOverTLS(PhaseSMTP, smtplib.SMTP_SSL):
    """The same inside TLS from the first byte (RFC 8314)."""


class SmtpBackend(EmailBackend):
    """Django's SMTP backend over a connection that knows its phase."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return PhaseSMTPOverTLS if self.use_ssl else PhaseSMTP

    @property
    def phase(self) -> Phase:
        return getattr(self.connection, "phase", Phase.CONNECT)

    @property
    def last_reply(self) -> str:
        return str(getattr(self.connection, "last_reply", ""))

    def send_wire(self, message: WireMessage) -> None:
        """Send a message that is octets already, over the open connection; raises as smtplib."""
        if self.connection is None:
            raise smtplib.SMTPServerDisconnected("nobody has opened a connection")
        sender = sanitised(message.cover.from_email)
        recipients = [sanitised(address) for address in message.cover.recipients()]
        self.connection.sendmail(sender, recipients, message.as_bytes())

    def begin(self) -> None:
        """Forget the last message's phase: nothing of the next one has left."""
        if isinstance(self.connection, PhaseSMTP):
            self.connection.phase = Phase.CONNECT
