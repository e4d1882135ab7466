"""Pages for what went wrong, where Django's own views would know or tell too little."""

import logging

from django.core.exceptions import DisallowedHost, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render

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
