"""What providers answer over HTTP, and what Anymail makes of it, read to its meaning.

RFC 9110 is the measure: 4xx was not taken, 5xx may have been, 503 was not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from traceback import walk_tb
from typing import Any

import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.utils import timezone

from newsletter.transport.outcomes import REPLY_LENGTH, Outcome, Verdict, brief, doubtful, halted

SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)
A_DAY = 86_400

# The key, the account or the address of the API is wrong, or somebody has not paid.
HTTP_OPERATOR = frozenset({401, 402, 403, 404, 405, 407, 410})
# 408 and 425: not heard to the end, or too early; 420 is SparkPost's for a limit reached
# (developers.sparkpost.com/api/transmissions).
HTTP_LATER = frozenset({408, 420, 425, 429, 503})
HTTP_CLIENT_ERRORS = range(400, 500)
HTTP_REDIRECTS = range(300, 400)
# RFC 9110 §15.4: the same request, made elsewhere, would be fulfilled. After a POST, 302 and
# 303 may as well tell where its result is.
HTTP_MOVED = frozenset({301, 307, 308})
# Resend's and Brevo's words for a key (transport.preparing) that an earlier attempt has used.
KEY_USED = re.compile(
    "invalid_idempotent_request|concurrent_idempotent_requests|duplicate_parameter"
)
# What Anymail calls a recipient that the provider will not mail.
ESP_REFUSED = frozenset({"invalid", "rejected", "failed"})
ESP_ACCEPTED = frozenset({"sent", "queued"})
# Anymail's word for a 2xx of MailerSend without the usual header; what MailerSend itself
# refuses is called "rejected".
FAILED = frozenset({"failed"})
MAILERSEND = "MailerSend"
# Functions of ssl, http.client, socket and urllib3 in which a request has not begun yet.
BEFORE_THE_REQUEST = frozenset({"do_handshake", "_tunnel", "create_connection"})
LIBRARIES = frozenset({"requests", "urllib3"})
# Raised by requests while it reads our URL and headers.
MALFORMED = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
)


def read_anymail(exc: AnymailError, *, now: datetime | None = None, to: str = "") -> Outcome:
    """Read a provider's error: by its status, or else by what lies under it.

    ``to`` is the recipient. ``now`` counts where a Retry-After is a date, and the answer has
    no Date of its own.
    """
    text = brief(exc)
    if isinstance(exc, AnymailRecipientsRefused | AnymailSerializationError):
        return Outcome(Verdict.REFUSED, text)
    if not isinstance(exc, AnymailAPIError):
        # Nothing has left. Where it is not about this reader, it is the same for everybody.
        return Outcome(Verdict.REFUSED, text) if is_about(to, exc) else halted(text)
    if exc.status_code is None:
        return read_failure(exc, text)
    return read_answer(exc, exc.status_code, text, now or timezone.now())


def is_about(to: str, exc: AnymailError) -> bool:
    """Tell whether an error is about the recipient, not about our sender or our wishes."""
    domain = to.rpartition("@")[2]
    if isinstance(exc, AnymailInvalidAddress):
        words = str(exc.args[0]) if exc.args else ""
        return bool(domain) and repr(domain)[1:-1] in words
    return isinstance(exc, AnymailUnsupportedFeature) and str(exc).endswith("EAI in to")


def read_answer(exc: AnymailAPIError, code: int, text: str, now: datetime) -> Outcome:
    """Read an answer that Anymail did not take for a success."""
    if code in HTTP_REDIRECTS:
        return read_redirect(code, text)
    if code in HTTP_CLIENT_ERRORS and KEY_USED.search(body_of(exc.response)):
        return doubtful(f"an earlier attempt was taken, it seems: {text}")
    if code in HTTP_OPERATOR:
        return halted(text)
    if code in HTTP_LATER:
        wait = retry_after(exc.response, now)
        return Outcome(Verdict.LATER, text, unreachable=True, retry_after=wait)
    if code in HTTP_CLIENT_ERRORS:
        return Outcome(Verdict.REFUSED, text)
    return doubtful(text)


def read_redirect(code: int, text: str) -> Outcome:
    """Read a redirect, which we do not follow: the address of the API is wrong."""
    if code in HTTP_MOVED:
        return halted(text)
    return doubtful(text, needs_operator=True)


def read_failure(exc: AnymailAPIError, text: str) -> Outcome:
    """Read a call that brought no answer that could be read."""
    for cause in causes(exc):
        if isinstance(cause, requests.exceptions.TooManyRedirects) and cause.response is not None:
            return read_redirect(cause.response.status_code, text)
        if isinstance(cause, MALFORMED):
            return halted(text)
    if never_began(exc):
        return Outcome(Verdict.LATER, text, unreachable=True, never_began=True)
    return doubtful(text)


def never_began(exc: BaseException) -> bool:
    """Tell whether a call failed before its request began: connecting, TLS, at the proxy."""
    for cause in causes(exc):
        if isinstance(cause, requests.exceptions.ConnectTimeout):
            return True
        if type(cause).__name__ in {"NewConnectionError", "NameResolutionError"}:
            return True
        # The type of a TLS error, or of a time-out, does not tell when it came.
        if any(
            frame.f_code.co_name in BEFORE_THE_REQUEST for frame, _ in walk_tb(cause.__traceback__)
        ):
            return True
    return False


def causes(exc: BaseException) -> Iterator[BaseException]:
    """Go from an error to what lies under it, down to the first that is of no library's own.

    What Python notes as the context of that one may have nothing to do with the call.
    """
    yield exc
    if type(exc).__module__.split(".")[0] not in LIBRARIES and not isinstance(exc, AnymailError):
        return
    below = [exc.__cause__ or exc.__context__, getattr(exc, "reason", None)]
    for cause in (*below, *exc.args):
        if isinstance(cause, BaseException):
            yield from causes(cause)


def body_of(response: Any) -> str:
    """Return the text of an answer; a provider's errors are short."""
    content = getattr(response, "content", None) or b""
    return content[:A_DAY].decode("utf-8", "replace") if isinstance(content, bytes) else ""


def retry_after(response: Any, now: datetime) -> int | None:
    """Return the seconds of a Retry-After header (RFC 9110 §10.2.3), if there is one.

    It may be a date, which counts from the server's own where the answer has one. At most a
    day: a provider that asks for more is asked again tomorrow.
    """
    headers = getattr(response, "headers", {})
    value = headers.get("Retry-After", "").strip()
    if SECONDS.fullmatch(value):
        return min(int(value), A_DAY)
    until = moment(value)
    if until is None:
        return None
    seconds = (until - (moment(headers.get("Date", "")) or now)).total_seconds()
    return min(int(seconds), A_DAY) if seconds >= 1 else None


def moment(value: str) -> datetime | None:
    """Return an HTTP-date (RFC 9110 §5.6.7) in any of its three forms, None for anything else."""
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return date.replace(tzinfo=timezone.get_fixed_timezone(0)) if date.tzinfo is None else date


def read_status(status: Any, provider: str = "") -> Outcome:
    """Read what Anymail reports for the one recipient of an accepted call."""
    states = status.status or set()
    name = "/".join(sorted(str(state) for state in states))
    text = f"{name} {status.message_id or ''}".strip()[:REPLY_LENGTH]
    if states and states <= ESP_ACCEPTED:
        return Outcome(Verdict.ACCEPTED, text)
    if provider == MAILERSEND and states == FAILED:
        return doubtful(text)
    if states and states <= ESP_REFUSED:
        return Outcome(Verdict.REFUSED, text)
    return doubtful(text)
