"""Pages for what went wrong, where Django's own views would know or tell too little."""

import logging

from django.core.exceptions import DisallowedHost, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string

from subscribers.context import is_at_the_desk

log = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that a request was too long or broken, or came under a name that is not ours."""
    page = "wrong_host.html" if isinstance(exception, DisallowedHost) else "400.html"
    response = render(request, page, status=HttpResponseBadRequest.status_code)
    if isinstance(exception, SuspiciousOperation):
        # A line of its own, instead of Django's error with a traceback: nothing of ours
        # broke, and anybody can send such a request as often as they like.
        log.warning("refused a request: %s", exception)
        vars(response)["_has_been_logged"] = True
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that something of ours broke, with nothing that may be what broke."""
    page = render_to_string("500.html", {"is_at_the_desk": is_at_the_desk(request)})
    return HttpResponseServerError(page)
