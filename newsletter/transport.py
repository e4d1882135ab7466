"""The wire: SMTP with a memory for how far it came, and every error read to its meaning.

An exception's type alone cannot tell whether a server took a message: a connection that
drops before the final dot left nothing behind, one that drops after it may have. So the
connection remembers the phase of the dialogue (RFC 5321 §3.3).
"""

from __future__ import annotations

import re
import smtplib
import socket
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailError,
    AnymailRecipientsRefused,
)
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend

LEADING_DOT = re.compile(rb"(?m)^\.")
START_MAIL_INPUT = 354
SERVICE_NOT_AVAILABLE = 421
# RFC 5321 §4.2.1: the first digit is the verdict.
POSITIVE = range(200, 300)
TRANSIENT = range(400, 500)
PERMANENT = range(500, 600)
# RFC 3463 §3.2: X.1.x is about the address; only a permanent one says that nobody is there.
NO_SUCH_ADDRESS = re.compile(r"\b5\.1\.(1|2|3|6|10)\b")
REPLY_LENGTH = 300

HTTP_UNAUTHORISED = frozenset({401, 403})
HTTP_LATER = frozenset({429, 503})
HTTP_CLIENT_ERRORS = range(400, 500)
# What Anymail calls a recipient that the provider will not mail.
ESP_REFUSED = frozenset({"invalid", "rejected", "failed"})
ESP_ACCEPTED = frozenset({"sent", "queued"})


class Verdict(StrEnum):
    """What is known about a message after an attempt."""

    ACCEPTED = "accepted"  # the server took it
    LATER = "later"  # certainly not taken; may be tried again
    REFUSED = "refused"  # certainly not taken, and never will be
    HALTED = "halted"  # not taken, and no other message would be: an operator is needed
    DOUBTFUL = "doubtful"  # nobody here knows


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict with the server's words.

    ``unreachable`` says that the server itself cannot be used now; ``retry_after`` is in
    seconds, where a provider named it; ``no_such_address`` means: suppress the reader.
    """

    verdict: Verdict
    reply: str = ""
    unreachable: bool = False
    retry_after: int | None = None
    no_such_address: bool = False


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
        content = LEADING_DOT.sub(b"..", msg)
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


def words(code: int, reply: bytes | str) -> str:
    """Return a server's reply as one line that fits the ledger."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join(f"{code} {text}".split())[:REPLY_LENGTH]


def connect(connection: BaseEmailBackend) -> Outcome | None:
    """Open a connection if it is not open; an outcome says why that failed."""
    try:
        connection.open()
    except (smtplib.SMTPException, OSError) as exc:
        return read_smtp(exc, Phase.CONNECT)
    return None


def post(connection: BaseEmailBackend, message: EmailMessage) -> Outcome:
    """Send one message to one recipient and say what is known about it afterwards.

    Never raises for what servers and networks do. The connection is opened if it is not, and
    left open; after any verdict but ACCEPTED it should be closed.
    """
    # A backend that opens for itself also closes, and forgets the phase with it.
    failure = connect(connection)
    if failure is not None:
        return failure
    try:
        connection.send_messages([message])
    except AnymailConfigurationError as exc:
        return Outcome(Verdict.HALTED, brief(exc), unreachable=True)
    except AnymailError as exc:
        return read_anymail(exc)
    except (smtplib.SMTPException, OSError) as exc:
        return read_smtp(exc, getattr(connection, "phase", Phase.FINAL_DOT))
    status = getattr(message, "anymail_status", None)
    if status is not None:
        return read_status(status)
    return Outcome(Verdict.ACCEPTED, getattr(connection, "last_reply", ""))


def brief(exc: BaseException) -> str:
    return " ".join(f"{type(exc).__name__}: {exc}".split())[:REPLY_LENGTH]


def read_smtp(exc: Exception, phase: Phase) -> Outcome:
    """Read an SMTP or network error by the phase in which it came."""
    code, reply = answer_of(exc)
    text = words(code, reply) if code else f"{brief(exc)} (while {phase})"[:REPLY_LENGTH]
    if phase in (Phase.FINAL_DOT, Phase.DONE) and code not in (*TRANSIENT, *PERMANENT):
        return Outcome(Verdict.DOUBTFUL, text, unreachable=not code)
    if isinstance(exc, smtplib.SMTPNotSupportedError) and phase is Phase.CONNECT:
        return Outcome(Verdict.HALTED, text, unreachable=True)
    if code not in PERMANENT:
        gone = not code or code == SERVICE_NOT_AVAILABLE or phase is Phase.CONNECT
        return Outcome(Verdict.LATER, text, unreachable=gone)
    if isinstance(exc, smtplib.SMTPAuthenticationError | smtplib.SMTPSenderRefused):
        return Outcome(Verdict.HALTED, text, unreachable=True)
    if phase is Phase.CONNECT:
        return Outcome(Verdict.LATER, text, unreachable=True)
    nobody = isinstance(exc, smtplib.SMTPRecipientsRefused) and bool(NO_SUCH_ADDRESS.search(text))
    return Outcome(Verdict.REFUSED, text, no_such_address=nobody)


def answer_of(exc: Exception) -> tuple[int, bytes | str]:
    """Return the server's code and words, or (0, "") where it gave none."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        return next(iter(exc.recipients.values()), (0, b""))
    if isinstance(exc, smtplib.SMTPResponseException):
        return exc.smtp_code, exc.smtp_error
    return 0, ""


def read_anymail(exc: AnymailError) -> Outcome:
    """Read a provider's error: by its status, or else by what lies under it."""
    text = brief(exc)
    if isinstance(exc, AnymailRecipientsRefused):
        return Outcome(Verdict.REFUSED, text)
    if not isinstance(exc, AnymailAPIError):
        return Outcome(Verdict.REFUSED, text)  # the message never left: it could not be built
    code = exc.status_code
    if code is None:
        if never_connected(exc):
            return Outcome(Verdict.LATER, text, unreachable=True)
        return Outcome(Verdict.DOUBTFUL, text, unreachable=True)
    if code in HTTP_UNAUTHORISED:
        return Outcome(Verdict.HALTED, text, unreachable=True)
    if code in HTTP_LATER:
        return Outcome(Verdict.LATER, text, unreachable=True, retry_after=retry_after(exc))
    if code in HTTP_CLIENT_ERRORS:
        return Outcome(Verdict.REFUSED, text)
    return Outcome(Verdict.DOUBTFUL, text)


def never_connected(exc: BaseException) -> bool:
    """Tell whether an HTTP request failed before a connection stood."""
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, requests.exceptions.ConnectTimeout):
            return True
        if type(cause).__name__ in {"NewConnectionError", "NameResolutionError"}:
            return True
        reason = getattr(cause, "reason", None)
        if isinstance(reason, BaseException) and never_connected(reason):
            return True
        inner = cause.args[0] if cause.args else None
        if isinstance(inner, BaseException) and never_connected(inner):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def retry_after(exc: AnymailAPIError) -> int | None:
    """Return the seconds of a Retry-After header (RFC 9110 §10.2.3), if there is one."""
    value = getattr(exc.response, "headers", {}).get("Retry-After", "")
    return int(value) if value.isdigit() else None


def read_status(status: Any) -> Outcome:
    """Read what Anymail reports for the one recipient of an accepted call."""
    text = f"{status.esp_response or ''} {status.message_id or ''}".strip()[:REPLY_LENGTH]
    states = status.status or set()
    if states and states <= ESP_ACCEPTED:
        return Outcome(Verdict.ACCEPTED, f"{'/'.join(sorted(states))} {status.message_id or ''}")
    if states and states <= ESP_REFUSED:
        return Outcome(Verdict.REFUSED, f"{'/'.join(sorted(states))} {text}"[:REPLY_LENGTH])
    return Outcome(Verdict.DOUBTFUL, text)
