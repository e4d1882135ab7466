"""How much anybody may send us at once."""

import contextlib
from collections.abc import Callable
from http import HTTPStatus
from typing import BinaryIO

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, UnreadablePostError

from config.errors import fault

# The subscribe form with every source ticked is below 4 KB. The desk's own limit is Django's
# DATA_UPLOAD_MAX_MEMORY_SIZE: a pasted digest has a few hundred.
PUBLIC_LIMIT = 64 * 1024
DESK = "/admin/"
# A provider reports up to a thousand events at once, each with what it knows of the message.
REPORTS_LIMIT = 5 * 1024 * 1024
REPORTS = "/anymail/"
# A browser that is still sending does not read, and takes a connection that is closed
# meanwhile for broken: what is too much is read to its end and thrown away, up to this.
MOST_THROWN_AWAY = 16 * 1024 * 1024
CHUNK = 64 * 1024


# Between two pieces of a body. gunicorn's threads wait for ever, and a few who send nothing
# more would hold them all; a telephone in a tunnel tries again.
PIECE_SECONDS = 10.0
# A press of an unsubscribe button counts with whatever body, and with none (RFC 8058 §3.2).
ONE_CLICK = "/u/"


class BodyLimit:
    """Refuse what is too large (413), has no length (411), came in half (400) or never (408).

    It answers before anything reads the body. Whether the connection stays open afterwards
    is the server's to say (PEP 3333 forbids us the header); gunicorn closes one on which
    more than we threw away is still to come. Who unsubscribes is let through without a body.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        be_patient(request)
        status = fault_of(request)
        if status is None:
            return self.get_response(request)
        if request.method == "POST" and request.path.startswith(ONE_CLICK):
            vars(request)["_body"] = b""
            return self.get_response(request)
        return fault(request, status)


def be_patient(request: HttpRequest) -> None:
    """Wait for the next piece of a body for PIECE_SECONDS, where gunicorn lets us."""
    connection = request.META.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(PIECE_SECONDS)


def fault_of(request: HttpRequest) -> HTTPStatus | None:
    """Return what is wrong with a request's body; one that is not to be used is thrown away."""
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        # Django would take it for empty. No browser sends a form like that.
        throw_away(request.META["wsgi.input"])
        return HTTPStatus.LENGTH_REQUIRED
    length = length_of(request)
    if length > limit_for(request):
        throw_away(request)
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    try:
        # An address that was cut off half-way is somebody else's.
        if 0 < length <= PUBLIC_LIMIT and len(request.body) < length:
            return HTTPStatus.BAD_REQUEST
    except UnreadablePostError:
        return HTTPStatus.REQUEST_TIMEOUT
    return None


def length_of(request: HttpRequest) -> int:
    """Return how many bytes a request says that it brings; 0 where it says nothing sensible."""
    text = request.META.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdigit() else 0


def limit_for(request: HttpRequest) -> int:
    if request.path.startswith(REPORTS):
        return REPORTS_LIMIT
    desk: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return desk if request.path.startswith(DESK) else PUBLIC_LIMIT


def throw_away(body: HttpRequest | BinaryIO) -> None:
    """Read a body to its end, or to MOST_THROWN_AWAY, and forget it."""
    read = 0
    # Whoever stopped sending needs no page, and each server has errors of its own for that
    # and for broken chunks: none of them is ours.
    with contextlib.suppress(Exception):
        while read < MOST_THROWN_AWAY and (chunk := body.read(CHUNK)):
            read += len(chunk)
