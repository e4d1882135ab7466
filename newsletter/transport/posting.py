"""One message onto the wire, and what is known afterwards."""

import contextlib
import logging
import smtplib

from anymail.exceptions import AnymailConfigurationError, AnymailError
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from newsletter.transport.outcomes import REPLY_LENGTH, Outcome, Verdict, brief, halted
from newsletter.transport.reading import read_anymail, read_smtp, read_status
from newsletter.transport.smtp import Phase, SmtpBackend

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


def post(connection: BaseEmailBackend, message: EmailMessage) -> Outcome:
    """Send one message to one recipient and say what is known about it afterwards.

    Never raises, whatever servers, networks and backends do. The connection is opened if it
    is not, and left open; after any verdict but ACCEPTED it should be closed.
    """
    # A backend that opens for itself also closes, and forgets the phase with it.
    failure = connect(connection)
    if failure is not None:
        return failure
    if isinstance(connection, SmtpBackend):
        connection.begin()
    try:
        connection.send_messages([message])
    except AnymailConfigurationError as exc:
        return halted(brief(exc))
    except AnymailError as exc:
        return read_anymail(exc)
    except (smtplib.SMTPException, OSError) as exc:
        return read_smtp(exc, phase_of(connection))
    except Exception as exc:  # the edge of what is ours: a backend may raise anything
        log.exception("the e-mail backend raised what it should not")
        if phase_of(connection) is Phase.CONNECT:
            return halted(brief(exc))
        return Outcome(Verdict.DOUBTFUL, brief(exc), unreachable=True, needs_operator=True)
    status = getattr(message, "anymail_status", None)
    if status is not None:
        return read_status(status)
    return Outcome(Verdict.ACCEPTED, str(getattr(connection, "last_reply", ""))[:REPLY_LENGTH])


def phase_of(connection: BaseEmailBackend) -> Phase:
    """Return how far a message came; of a backend that does not know, the most doubtful."""
    return getattr(connection, "phase", Phase.FINAL_DOT)
