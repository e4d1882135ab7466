"""One message onto the wire, and what is known afterwards."""

import contextlib
import logging
import smtplib
from typing import Any

from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import AnymailConfigurationError, AnymailError
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from newsletter.transport.backend import SmtpBackend
from newsletter.transport.outcomes import REPLY_LENGTH, Outcome, Verdict, brief, doubtful, halted
from newsletter.transport.preparing import prepare
from newsletter.transport.providers import read_answer, read_anymail, read_status
from newsletter.transport.reading import read_smtp
from newsletter.transport.smtp import Phase
from newsletter.wire import WireMessage

log = logging.getLogger(__name__)


def connect(connection: BaseEmailBackend) -> Outcome | None:
    """Open a connection if it is not open; an outcome says why that failed."""
    try:
        connection.open()
    except AnymailConfigurationError as exc:
        return halted(brief(exc))
    except (smtplib.SMTPException, OSError) as exc:
        return read_smtp(exc, Phase.CONNECT)
    return None


def disconnect(connection: BaseEmailBackend) -> None:
    """Close a connection; what the server says to that changes nothing any more."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        connection.close()


def takes_wire(connection: BaseEmailBackend) -> bool:
    """Tell whether ``post`` can send wire messages over a connection."""
    return isinstance(connection, SmtpBackend)


def post(connection: BaseEmailBackend, message: EmailMessage | WireMessage) -> Outcome:
    """Send one message to one recipient and say what is known about it afterwards.

    Never raises, whatever servers, networks and backends do. The connection is opened if it
    is not, and left open; after any verdict but ACCEPTED it should be closed.
    """
    if isinstance(connection, SmtpBackend):
        connection.begin()
    # A backend that opens for itself also closes, and forgets the phase with it.
    failure = connect(connection)
    if failure is not None:
        return failure
    try:
        prepare(connection, message)
        hand_over(connection, message)
    except AnymailConfigurationError as exc:
        return halted(brief(exc))
    except AnymailError as exc:
        return read_anymail(exc, to=recipient_of(message))
    except (smtplib.SMTPException, OSError) as exc:
        return read_smtp(exc, phase_of(connection))
    except Exception as exc:  # the edge of what is ours: a backend may raise anything
        log.exception("the e-mail backend raised what it should not")
        if phase_of(connection) is Phase.CONNECT:
            return halted(brief(exc))
        status = status_of(connection, message)
        if status is not None and status.esp_response is not None:
            return read_answer(status.esp_response, brief(exc))
        return doubtful(brief(exc), needs_operator=True)
    status = status_of(connection, message)
    if status is not None:
        return read_status(status, getattr(connection, "esp_name", ""))
    return Outcome(Verdict.ACCEPTED, str(getattr(connection, "last_reply", ""))[:REPLY_LENGTH])


def hand_over(connection: BaseEmailBackend, message: EmailMessage | WireMessage) -> None:
    if isinstance(message, EmailMessage):
        connection.send_messages([message])
    elif isinstance(connection, SmtpBackend):
        connection.send_wire(message)
    else:
        # As what is not configured: nothing has left, and nothing will until that is mended.
        raise AnymailConfigurationError("a message for SMTP was given to another backend")


def status_of(connection: BaseEmailBackend, message: EmailMessage | WireMessage) -> Any:
    """Return what Anymail noted of this attempt; a letter may have an earlier one's by it."""
    if isinstance(connection, AnymailBaseBackend):
        return getattr(message, "anymail_status", None)
    return None


def recipient_of(message: EmailMessage | WireMessage) -> str:
    cover = message.cover if isinstance(message, WireMessage) else message
    return next(iter(cover.recipients()), "")


def phase_of(connection: BaseEmailBackend) -> Phase:
    """Return how far a message came; of a backend that does not know, the most doubtful."""
    return getattr(connection, "phase", Phase.FINAL_DOT)
