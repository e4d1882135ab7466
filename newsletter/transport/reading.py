"""Every error of servers and providers, read to its meaning."""

import re
import smtplib
from typing import Any

import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailUnsupportedFeature,
)

from newsletter.transport.outcomes import (
    REPLY_LENGTH,
    Outcome,
    Verdict,
    brief,
    halted,
    words,
)
from newsletter.transport.smtp import Phase

SERVICE_NOT_AVAILABLE = 421
# RFC 5321 §4.2.1: the first digit is the verdict.
TRANSIENT = range(400, 500)
PERMANENT = range(500, 600)
# RFC 3463 §3.2: X.1.x is about the address; only a permanent one says that nobody is there.
NO_SUCH_ADDRESS = re.compile(r"\b5\.1\.(1|2|3|6|10)\b")
SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)
A_DAY = 86_400

HTTP_UNAUTHORISED = frozenset({401, 403})
HTTP_LATER = frozenset({429, 503})
HTTP_CLIENT_ERRORS = range(400, 500)
# What Anymail calls a recipient that the provider will not mail.
ESP_REFUSED = frozenset({"invalid", "rejected", "failed"})
ESP_ACCEPTED = frozenset({"sent", "queued"})


def read_smtp(exc: Exception, phase: Phase) -> Outcome:
    """Read an SMTP or network error by the phase in which it came."""
    code, reply = answer_of(exc)
    text = words(code, reply) if code else f"{brief(exc)} (while {phase})"[:REPLY_LENGTH]
    if phase in (Phase.FINAL_DOT, Phase.DONE) and code not in (*TRANSIENT, *PERMANENT):
        return Outcome(Verdict.DOUBTFUL, text, unreachable=not code)
    before = phase is Phase.CONNECT
    if isinstance(exc, smtplib.SMTPNotSupportedError) and before:
        return halted(text)
    if code not in PERMANENT:
        dropped = not code or code == SERVICE_NOT_AVAILABLE
        return Outcome(Verdict.LATER, text, unreachable=before, never_began=before, dropped=dropped)
    if isinstance(exc, smtplib.SMTPAuthenticationError | smtplib.SMTPSenderRefused):
        return halted(text)
    if before:
        return Outcome(Verdict.LATER, text, unreachable=True, never_began=True)
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
    if isinstance(exc, AnymailUnsupportedFeature | AnymailInvalidAddress):
        return halted(text)  # the same for everybody: our sender, or what we ask of the provider
    if not isinstance(exc, AnymailAPIError):
        return Outcome(Verdict.REFUSED, text)  # the message never left: it could not be built
    code = exc.status_code
    if code is None:
        if never_connected(exc):
            return Outcome(Verdict.LATER, text, unreachable=True, never_began=True)
        return Outcome(Verdict.DOUBTFUL, text, unreachable=True)
    if code in HTTP_UNAUTHORISED:
        return halted(text)
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
    """Return the seconds of a Retry-After header (RFC 9110 §10.2.3), if there is one.

    At most a day: a provider that asks for more is asked again tomorrow.
    """
    value = getattr(exc.response, "headers", {}).get("Retry-After", "")
    return min(int(value), A_DAY) if SECONDS.fullmatch(value) else None


def read_status(status: Any) -> Outcome:
    """Read what Anymail reports for the one recipient of an accepted call."""
    text = f"{status.esp_response or ''} {status.message_id or ''}".strip()[:REPLY_LENGTH]
    states = status.status or set()
    if states and states <= ESP_ACCEPTED:
        reply = f"{'/'.join(sorted(states))} {status.message_id or ''}"
        return Outcome(Verdict.ACCEPTED, reply[:REPLY_LENGTH])
    if states and states <= ESP_REFUSED:
        return Outcome(Verdict.REFUSED, f"{'/'.join(sorted(states))} {text}"[:REPLY_LENGTH])
    return Outcome(Verdict.DOUBTFUL, text)
