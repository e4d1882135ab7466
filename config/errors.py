"""Pages for what went wrong, where Django's own views would know or tell too little."""

import logging
from http import HTTPStatus

from django.core.exceptions import DisallowedHost, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that a request was too long or broken, or came under a name that is not ours."""
    if isinstance(exception, DisallowedHost):
        response = render(request, "wrong_host.html", status=HTTPStatus.BAD_REQUEST)
    elif isinstance(exception, RequestDataTooBig):
        response = fault(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    else:
        response = fault(request, HTTPStatus.BAD_REQUEST)
    if isinstance(exception, SuspiciousOperation | MultiPartParserError):
        # A line of its own, instead of Django's error with a traceback: nothing of ours
        # broke, and anybody can send such a request as often as they like.
        log.warning("refused a request: %s", exception)
        vars(response)["_has_been_logged"] = True
    return response


def fault(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    """Return what tells a person, or a program that asked for JSON, why a body is refused.

    ``status`` is 400 for a broken body, 408 for one that did not come, 411 for one without a
    length, 413 for a large one.
    """
    if not request.path.endswith(".json"):
        page = "413.html" if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "400.html"
        return private(render(request, page, status=status))
    told = {
        HTTPStatus.BAD_REQUEST: _("The request is broken or incomplete."),
        HTTPStatus.REQUEST_TIMEOUT: _("The request did not come to its end."),
        HTTPStatus.LENGTH_REQUIRED: _("Please send the request with its Content-Length."),
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _("The request is too large."),
    }
    return private(JsonResponse({"message": told[status]}, status=status))


def private(response: HttpResponse) -> HttpResponse:
    """Have an answer kept, told and found nowhere: the address asked for may hold a token."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
