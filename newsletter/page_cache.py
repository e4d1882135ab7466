"""Public pages: sent again only when something on them has changed, and kept once rendered.

A view gathers what its page shows, as values, and the page's version is a hash over just
these. So a change purges the pages that show it and no others, in every process and every
cache, and nobody has to be told.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import wraps
from threading import Lock
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.template.loader import render_to_string
from django.utils.http import http_date, parse_etags, parse_http_date_safe, quote_etag
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from newsletter.release import files, release

P = ParamSpec("P")
V = TypeVar("V")

HTML = "text/html; charset=utf-8"
# Whoever keeps a page asks whether it still holds, so that a correction is seen at once.
CACHE_CONTROL = "public, no-cache"
# In each process: some hundred issues, or some thousand lists.
ROOM_BYTES = 16 * 1024 * 1024
# The same, without what they say.
EDITIONS_KEPT = 2_000
# A page that changes again and again while it is rendered is none of ours.
ATTEMPTS = 3
# The key of every web copy, with when it changed.
STATES = {
    "sqlite": (
        "SELECT group_concat(id || ' ' || changed_at) FROM"
        " (SELECT id, changed_at FROM newsletter_webcopy ORDER BY changed_at, id)"
    ),
    "postgresql": (
        "SELECT string_agg(id || ' ' || changed_at, ',' ORDER BY changed_at, id)"
        " FROM newsletter_webcopy"
    ),
}


@dataclass(frozen=True, slots=True)
class Page:
    """A public page that is not yet rendered.

    ``address`` is its one address here, a path with its query. ``shows`` is all that it says
    and that may change, in values that JSON can hold, dates and dataclasses; ``changed_at`` is
    when any of that last changed, and where that ``is_dated``, the page changes at no other
    time and can be asked for by it. ``render`` makes its body of just what is shown, or raises
    Outdated. Pages that anybody can invent addresses of are not ``kept`` in memory.
    """

    address: str
    shows: object
    changed_at: datetime | None
    render: Callable[[], str]
    content_type: str = HTML
    kept: bool = True
    is_dated: bool = False

    @property
    def version(self) -> str:
        """Name what the page shows, in which language, written by which release."""
        facts = [release(), get_language(), self.address, self.shows]
        canonical = json.dumps(facts, default=plain_values, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()[:32]


class Outdated(Exception):
    """What a page shows has changed since it was gathered; it is gathered anew."""


View = Callable[Concatenate[HttpRequest, P], Page | HttpResponse]


def plain_values(value: object) -> object:
    """Return what JSON can hold of a date or a dataclass; TypeError for what has no version."""
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in fields(value)]
    raise TypeError(f"{value!r} has no version")


class Shelf(Generic[V]):
    """Values by key; where room runs out, those that nobody asked for longest go."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken = 0
        self.things: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self.lock = Lock()

    def take(self, key: Hashable) -> V | None:
        with self.lock:
            if key not in self.things:
                return None
            self.things.move_to_end(key)
            return self.things[key][0]

    def put(self, key: Hashable, value: V, size: int = 1) -> None:
        with self.lock:
            if key in self.things:
                self.taken -= self.things.pop(key)[1]
            self.things[key] = (value, size)
            self.taken += size
            while self.taken > self.room:
                self.taken -= self.things.popitem(last=False)[1][1]

    def clear(self) -> None:
        with self.lock:
            self.things.clear()
            self.taken = 0


@dataclass(frozen=True, slots=True)
class Edition:
    """What is sent of a page besides its body."""

    version: str
    written: datetime
    content_type: str
    is_dated: bool
    language: str | None

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Cache-Control": CACHE_CONTROL, "ETag": quote_etag(self.version)}
        # A time cannot tell one language from another, so that only one language has it.
        if self.language == settings.PUBLICATION_LANGUAGE:
            headers["Last-Modified"] = http_date(self.written.timestamp())
        return headers


bodies: Shelf[bytes] = Shelf(ROOM_BYTES)
editions: Shelf[Edition] = Shelf(EDITIONS_KEPT)


def public_page(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Answer GET and HEAD with the page that a view returns, or with 304 if it is known.

    The page is rendered for a request that has nothing but its address: it is the same for
    everybody. Other responses, as a redirect, go through.
    """

    def once(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        page = view(request, *args, **kwargs)
        if isinstance(page, Page):
            return answer(request, page)
        page.headers["Cache-Control"] = CACHE_CONTROL
        return page

    # Nothing is ever posted here; who tries is told that (405) and not of a missing token.
    @csrf_exempt
    @require_safe
    @wraps(view)
    def answering(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        for _attempt in range(1, ATTEMPTS):
            with suppress(Outdated):
                return once(request, *args, **kwargs)
        return once(request, *args, **kwargs)

    return answering


def archive_page(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Do as ``public_page`` for a page that shows nothing but web copies.

    While no copy changes, it is not even gathered again what the page shows.
    """
    gathering = public_page(view)

    @csrf_exempt
    @require_safe
    @wraps(view)
    def answering(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        facts = (archive_state(), release(), get_language(), request.get_full_path())
        edition = editions.take(facts)
        if edition is not None:
            if is_known(request, edition):
                return HttpResponseNotModified(headers=edition.headers)
            body = bodies.take(edition.version)
            if body is not None:
                return HttpResponse(body, edition.content_type, headers=edition.headers)
        response = gathering(request, *args, **kwargs)
        edition = vars(response).get("edition")
        if edition is not None:
            editions.put(facts, edition)
        return response

    return answering


def archive_state() -> str:
    """Return what differs after any change of any web copy, by one quick question.

    No copy ever has the same key and time of change again, in whatever order changes are
    committed. Both stand in one index, so that no text is read for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(STATES[connection.vendor])
        (state,) = cursor.fetchone()
    return hashlib.sha256((state or "").encode()).hexdigest()


def answer(request: HttpRequest, page: Page) -> HttpResponse:
    written = max(filter(None, (page.changed_at, files().newest)))
    edition = Edition(
        page.version, written, page.content_type, page.is_dated, language=get_language()
    )
    response: HttpResponse
    if is_known(request, edition):
        response = HttpResponseNotModified(headers=edition.headers)
    else:
        body = body_of(page, edition.version)
        response = HttpResponse(body, edition.content_type, headers=edition.headers)
    vars(response)["edition"] = edition
    return response


def is_known(request: HttpRequest, edition: Edition) -> bool:
    """Tell whether who asks has the page as it is (RFC 9110 §13.1).

    A time is heard for dated pages alone: a list may change at none of its issues' times, as
    when one is withdrawn. It is compared for being the same, not for being later.
    """
    known = request.headers.get("If-None-Match")
    if known is not None:
        wanted = {"*", quote_etag(edition.version)}
        return any(tag.removeprefix("W/") in wanted for tag in parse_etags(known))
    if not edition.is_dated or "Last-Modified" not in edition.headers:
        return False
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    return since == int(edition.written.timestamp())


def body_of(page: Page, version: str) -> bytes:
    body = bodies.take(version) if page.kept else None
    if body is None:
        body = page.render().encode()
        if page.kept:
            bodies.put(version, body, len(body))
    return body


def rendered(template: str, address: str, context: dict[str, Any]) -> str:
    """Render a template for nobody in particular: a request with an address and no more."""
    request = HttpRequest()
    request.path, _, query = address.partition("?")
    request.path_info = request.path
    request.META["QUERY_STRING"] = query
    return render_to_string(template, context, request)
