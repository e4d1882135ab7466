"""What providers answer over HTTP, and what Anymail makes of it, read to its meaning.

RFC 9110 is the measure: 4xx was not taken, 5xx may have been, 503 was not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from traceback import walk_tb
from types import FrameType
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

HTTP_OK = 200
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
# What Anymail says of a recipient whom a 2xx of these providers does not name, besides of one
# whom they report with an "error".
FAILED = frozenset({"failed"})
GUESSED = frozenset({"MailerSend", "Mailjet"})
# Its answers are all 200 and say in the body what became of the call
# (postalserver/postal, app/controllers/legacy_api/base_controller.rb).
POSTAL = "Postal"
POSTAL_ERRORS = frozenset({"error", "parameter-error"})
# Mandrill's reasons that are about us (mailchimp.com/developer/transactional/api/messages).
REJECTED_FOR_US = re.compile(
    r'"reject_reason": *"(?:invalid-sender|test-mode-limit|unsigned|rule)"'
)
# What a 400 or 422 calls the recipient's field, or an address that is switched off: SendGrid,
# Resend, Mailgun, Brevo, Postmark's 406 (postmarkapp.com/developer/api/overview).
OF_THE_RECIPIENT = re.compile(
    r"personalizations\.\d+\.to\b|invalid `to` field|'to' parameter|\bnot valid in to\b|"
    r'"ErrorCode": *406\b',
    re.IGNORECASE,
)
# Where urllib3 connects, TLS and a proxy's tunnel included; the request comes after it.
CONNECTING = ("urllib3.connection", "connect")
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
    if isinstance(exc, AnymailRecipientsRefused) and not names_anybody(exc.email_message):
        return doubtful(text)
    if isinstance(exc, AnymailRecipientsRefused):
        return refused_recipient(getattr(exc.email_message, "anymail_status", None), text)
    if isinstance(exc, AnymailSerializationError):
        return Outcome(Verdict.REFUSED, text)
    if not isinstance(exc, AnymailAPIError):
        # Nothing has left. Where it is not about this reader, it is the same for everybody.
        about = is_about(to, exc)
        return Outcome(Verdict.REFUSED, text, about_recipient=True) if about else halted(text)
    if exc.status_code is None:
        return read_failure(exc, text)
    return read_answer(exc.response, text, provider=exc.esp_name or "", now=now)


def names_anybody(message: Any) -> bool:
    """Tell whether a provider said something of any recipient: Anymail calls none "all"."""
    status = getattr(message, "anymail_status", None)
    return status is None or bool(status.status)


def refused_recipient(message_status: Any, text: str) -> Outcome:
    """Read a provider's own refusal of the one recipient.

    It may remember a complaint, a bounce or a wish, so it is no proof that nobody is there.
    """
    body = body_of(getattr(message_status, "esp_response", None))
    return Outcome(Verdict.REFUSED, text, about_recipient=not REJECTED_FOR_US.search(body))


def is_about(to: str, exc: AnymailError) -> bool:
    """Tell whether an error is about the recipient, not about our sender or our wishes."""
    domain = to.rpartition("@")[2]
    if isinstance(exc, AnymailInvalidAddress):
        words = str(exc.args[0]) if exc.args else ""
        return bool(domain) and repr(domain)[1:-1] in words
    return isinstance(exc, AnymailUnsupportedFeature) and str(exc).endswith("EAI in to")


def read_answer(
    response: Any, text: str, *, provider: str = "", now: datetime | None = None
) -> Outcome:
    """Read an answer that Anymail did not take for a success, or did not understand."""
    code = response.status_code
    if code in HTTP_REDIRECTS:
        return read_redirect(code, text)
    if provider == POSTAL and code == HTTP_OK:
        return read_postal(response, text)
    if code in HTTP_CLIENT_ERRORS and KEY_USED.search(body_of(response)):
        return doubtful(f"an earlier attempt was taken, it seems: {text}")
    if code in HTTP_OPERATOR:
        return halted(text)
    if code in HTTP_LATER:
        wait = retry_after(response, now or timezone.now())
        return Outcome(Verdict.LATER, text, unreachable=True, retry_after=wait)
    if code in HTTP_CLIENT_ERRORS:
        theirs = bool(OF_THE_RECIPIENT.search(body_of(response)))
        return Outcome(Verdict.REFUSED, text, about_recipient=theirs)
    return doubtful(text)


def read_postal(response: Any, text: str) -> Outcome:
    """Read a 200 of Postal that is no success: its errors are all about us, not a reader.

    Its words are not repeated whole, because they hold the key.
    """
    try:
        answer = response.json()
        failed, data = answer["status"] in POSTAL_ERRORS, answer["data"]
        words = f"{data.get('code', '')} {data.get('message', '')}".strip()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return doubtful(text)
    return halted(f"Postal: {words}"[:REPLY_LENGTH]) if failed else doubtful(text)


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
        if CONNECTING in (place_of(frame) for frame, _ in walk_tb(cause.__traceback__)):
            return True
    return False


def place_of(frame: FrameType) -> tuple[str, str]:
    return str(frame.f_globals.get("__name__")), frame.f_code.co_name


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
    # Where a provider writes the address in another way, Anymail reports it twice, once as sent.
    if states & ESP_ACCEPTED and not states & ESP_REFUSED - FAILED:
        return Outcome(Verdict.ACCEPTED, text)
    answer = status.esp_response
    if answer is not None and answer.status_code in HTTP_CLIENT_ERRORS:
        return read_answer(answer, text)  # Postmark's 422: Anymail looks into it for the reader
    guessed = provider in GUESSED and '"error"' not in body_of(answer)
    if states and states <= ESP_REFUSED and not (states == FAILED and guessed):
        # "Failed" may as well be about us.
        return (
            Outcome(Verdict.REFUSED, text) if FAILED & states else refused_recipient(status, text)
        )
    return doubtful(text)
