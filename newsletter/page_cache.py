"""Public pages: sent again only when something on them has changed, and kept once rendered.

A view gathers what its page shows, as values, and the page's version is a hash over just
these. So a change purges the pages that show it and no others, in every process and every
cache, and nobody has to be told.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import wraps
from threading import Lock
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.template.loader import render_to_string
from django.utils.http import http_date, parse_etags, parse_http_date_safe, quote_etag
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from newsletter.release import files, release

P = ParamSpec("P")

HTML = "text/html; charset=utf-8"
# Whoever keeps a page asks whether it still holds, so that a correction is seen at once.
CACHE_CONTROL = "public, no-cache"
# In each process: some hundred issues, or some thousand lists.
ROOM_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Page:
    """A public page that is not yet rendered.

    ``address`` is its one address here, a path with its query. ``shows`` is all that it says
    and that may change, in values that JSON can hold, dates and dataclasses; ``changed_at`` is
    when any of that last changed. ``render`` makes its body. Pages that anybody can invent
    addresses of are not ``kept`` in memory.
    """

    address: str
    shows: object
    changed_at: datetime | None
    render: Callable[[], str]
    content_type: str = HTML
    kept: bool = True

    @property
    def version(self) -> str:
        """Name what the page shows, in which language, written by which release."""
        facts = [release(), get_language(), self.address, self.shows]
        canonical = json.dumps(facts, default=plain_values, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def plain_values(value: object) -> object:
    """Return what JSON can hold of a date or a dataclass; TypeError for what has no version."""
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in fields(value)]
    raise TypeError(f"{value!r} has no version")


class Shelf:
    """Bodies by version; where room runs out, those that nobody asked for longest go."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.bodies: OrderedDict[str, bytes] = OrderedDict()
        self.lock = Lock()

    def take(self, version: str) -> bytes | None:
        with self.lock:
            if version in self.bodies:
                self.bodies.move_to_end(version)
            return self.bodies.get(version)

    def put(self, version: str, body: bytes) -> None:
        with self.lock:
            self.room += len(self.bodies.pop(version, b"")) - len(body)
            self.bodies[version] = body
            while self.room < 0:
                self.room += len(self.bodies.popitem(last=False)[1])


shelf = Shelf(ROOM_BYTES)


def public_page(
    view: Callable[Concatenate[HttpRequest, P], Page | HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Answer GET and HEAD with the page that a view returns, or with 304 if it is known.

    The page is rendered for a request that has nothing but its address: it is the same for
    everybody. Other responses, as a redirect, go through.
    """

    @require_safe
    @wraps(view)
    def answering(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        page = view(request, *args, **kwargs)
        if isinstance(page, HttpResponse):
            page["Cache-Control"] = CACHE_CONTROL
            return page
        version = page.version
        written = max(filter(None, (page.changed_at, files().newest)))
        headers = {
            "Cache-Control": CACHE_CONTROL,
            "ETag": quote_etag(version),
            "Last-Modified": http_date(written.timestamp()),
        }
        if is_known(request, version, written):
            return HttpResponseNotModified(headers=headers)
        return HttpResponse(body_of(page, version), page.content_type, headers=headers)

    return answering


def is_known(request: HttpRequest, version: str, written: datetime) -> bool:
    """Tell whether who asks has the page as it is (RFC 9110 §13.1).

    A time is compared for being the same, not for being later: where an issue is withdrawn,
    a list's newest change is older than before.
    """
    known = request.headers.get("If-None-Match")
    if known is not None:
        wanted = {"*", quote_etag(version)}
        return any(tag.removeprefix("W/") in wanted for tag in parse_etags(known))
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    return since == int(written.timestamp())


def body_of(page: Page, version: str) -> bytes:
    body = shelf.take(version) if page.kept else None
    if body is None:
        body = page.render().encode()
        if page.kept:
            shelf.put(version, body)
    return body


def rendered(template: str, address: str, context: dict[str, Any]) -> str:
    """Render a template for nobody in particular: a request with an address and no more."""
    request = HttpRequest()
    request.path, _, query = address.partition("?")
    request.path_info = request.path
    request.META["QUERY_STRING"] = query
    return render_to_string(template, context, request)
