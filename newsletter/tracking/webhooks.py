"""Where providers call: Anymail's own views, behind a guard of ours.

Without ANYMAIL_WEBHOOK_SECRET there is nothing here (404). A call that cannot be read is
answered with 400 and a line in the log, which holds no address; one that the database could
not take with 503, so that the provider calls again.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from anymail.signals import tracking
from anymail.urls import urlpatterns as anymail_patterns
from anymail.utils import get_request_basic_auth
from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from newsletter.tracking.providers import fact_from_anymail
from newsletter.tracking.recording import record
from newsletter.tracking.ses import SesReports

log = logging.getLogger(__name__)

View = Callable[..., HttpResponseBase]


def patterns() -> list[URLPattern]:
    """Return the addresses at which providers report; not those for mail that comes in."""
    return [
        URLPattern(pattern.pattern, guarded(view_of(pattern)), name=pattern.name)
        for pattern in anymail_patterns
        if "inbound" not in pattern.name
    ]


def view_of(pattern: URLPattern) -> View:
    is_ses = pattern.name == "amazon_ses_tracking_webhook"
    view: View = SesReports.as_view() if is_ses else pattern.callback
    return view


def secrets() -> list[str]:
    """Return the secrets (``user:password``) of which a caller must have one."""
    found = settings.ANYMAIL.get("WEBHOOK_SECRET") or []
    return [found] if isinstance(found, str) else [one for one in found if isinstance(one, str)]


def guarded(view: View) -> View:
    """Let only those in who have the secret, and answer for whatever goes wrong inside."""

    @wraps(view)
    def guard(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not secrets():
            raise Http404
        # Before anything reads the body: it may be a megabyte, and not all views of Anymail
        # begin with this.
        if request.method == "POST" and not is_let_in(request):
            return challenge()
        try:
            return view(request, *args, **kwargs)
        except (OperationalError, InterfaceError, InternalError):
            log.exception("the database did not take a report")
            return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": 60})
        except Exception as exc:
            log.warning("a report at %s could not be read: %s", request.path, place_of(exc))
            return HttpResponse(status=HTTPStatus.BAD_REQUEST)

    return guard


def challenge() -> HttpResponse:
    """Ask for the secret; Amazon's SNS sends it only after that (RFC 9110 §11.6.1)."""
    return HttpResponse(
        status=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": 'Basic realm="reports"'}
    )


def is_let_in(request: HttpRequest) -> bool:
    given = get_request_basic_auth(request) or ""
    return any(constant_time_compare(given, secret) for secret in secrets())


def place_of(exc: Exception) -> str:
    """Say what went wrong and where, without the message: that may quote the body."""
    frame = traceback.extract_tb(exc.__traceback__)[-1]
    return f"{type(exc).__name__} in {frame.name} ({frame.filename}:{frame.lineno})"


def listen() -> None:
    """Have every event of every provider recorded."""
    tracking.connect(receive, dispatch_uid="newsletter.tracking")


def receive(sender: object, *, event: Any, esp_name: str, **kwargs: object) -> None:
    """Record one event: a receiver of Anymail's ``tracking`` signal.

    One that cannot be recorded is logged and left, or those that came with it would be lost.
    """
    now = timezone.now()
    try:
        fact = fact_from_anymail(event, esp_name, now=now)
        if fact is not None:
            record(fact, now=now)
    except (OperationalError, InterfaceError, InternalError):
        raise
    except Exception as exc:
        log.error("an event of %s could not be recorded: %s", esp_name, place_of(exc))
