"""What pages behind a personal link have in common."""

import math
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt

from subscribers.admission import TooMany
from subscribers.languages import is_spoken
from subscribers.models import Subscriber
from subscribers.tokens import BadToken, OutdatedToken, Purpose, Token, read_token
from subscribers.views.statuses import TOO_MANY

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
METHODS = ["GET", "HEAD", "POST"]


def personal(view: View[P]) -> View[P]:
    """Guard a view whose address holds a token: never cached, indexed or told to other sites.

    The token is what allows an action here, not a cookie, so there is nothing that another
    site could ride on, and no CSRF token is asked for. Asking would also shut people out:
    from a page with ``no-referrer`` browsers post ``Origin: null``, which Django refuses.
    """

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response: HttpResponseBase
        # The view may change the language; the next request must not inherit it.
        with translation.override(translation.get_language()):
            try:
                if request.method in METHODS:
                    response = view(request, *args, **kwargs)
                else:
                    response = HttpResponseNotAllowed(METHODS)
            except OutdatedToken:
                response = render(request, "subscribers/old_link.html", status=404)
            except BadToken:
                response = render(request, "subscribers/bad_link.html", status=404)
            except TooMany as exc:
                response = too_many_changes(request, exc)
            response["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
        response["Referrer-Policy"] = "no-referrer"
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        # Django logs the address of every answer from 400 on, and this one holds a token.
        vars(response)["_has_been_logged"] = True
        return response

    return guarded


def too_many_changes(request: HttpRequest, exc: TooMany) -> HttpResponse:
    """Say when a reader may change something again, and that leaving works at any time."""
    seconds = exc.retry_after_seconds
    context = {"minutes": math.ceil(seconds / 60)}
    page = render(request, "subscribers/too_many_changes.html", context, status=TOO_MANY)
    page["Retry-After"] = str(seconds)
    return page


def reader_of(purpose: Purpose, token: str) -> Subscriber | None:
    """Return whom a token is for, or None if they were deleted; raise BadToken.

    From here on a ``personal`` page is in that reader's language.
    """
    said = read_token(purpose, token)
    reader = Subscriber.objects.filter(pk=said.number).first()
    if reader:
        if purpose.ends_with_address:
            refuse_outdated(said, reader)
        speak_to(reader)
    return reader


def refuse_outdated(said: Token, reader: Subscriber) -> None:
    """Raise OutdatedToken where a reader's address has changed since their token was made."""
    if said.epoch < reader.link_epoch:
        raise OutdatedToken("the address has changed since")
    if said.epoch > reader.link_epoch:
        # A backup from before a move was restored: who has the link is not who reads.
        raise BadToken("the reader has not moved so often")


def speak_to(reader: Subscriber) -> None:
    """Go on in a reader's language, where it is still one of ours."""
    if is_spoken(reader.language):
        translation.activate(reader.language)
