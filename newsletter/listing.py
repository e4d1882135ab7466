"""What the archive's pages have in common: lines of a list, pages of it, and their heads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from newsletter.models import Issue, WebCopy
from subscribers.links import absolute

ISSUES_A_PAGE = 30

LISTED = (
    "issue__slug",
    "issue__kind",
    "issue__period_end",
    "line",
    "story_count",
    "correction_note",
    "changed_at",
)


@dataclass(frozen=True, slots=True)
class Line:
    """An issue as a list shows it."""

    slug: str
    kind: str
    day: date
    text: str
    story_count: int
    is_corrected: bool


@dataclass(frozen=True, slots=True)
class Lines:
    """A page of a list, and when anything on it last changed."""

    lines: list[Line]
    changed_at: datetime | None
    page: Page[Any]


def lines_of(copies: QuerySet[WebCopy]) -> tuple[list[Line], datetime | None]:
    """Return issues as lines, and when any of them last changed."""
    return read(copies.values_list(*LISTED))


def read(rows: Iterable[tuple[Any, ...]]) -> tuple[list[Line], datetime | None]:
    lines, changes = [], []
    for slug, kind, day, text, count, note, changed_at in rows:
        lines.append(Line(slug, kind, day, text, count, is_corrected=bool(note)))
        changes.append(changed_at)
    return lines, max(changes, default=None)


def page_of_lines(request: HttpRequest, copies: QuerySet[WebCopy]) -> Lines:
    """Return the page of a list that was asked for."""
    page = page_asked_for(request, copies.values_list(*LISTED), ISSUES_A_PAGE)
    return Lines(*read(page.object_list), page)


def page_asked_for(request: HttpRequest, rows: QuerySet[Any, Any], size: int) -> Page[Any]:
    """Return the page that ``?page=`` names; the first or the last for what is no page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def kind_asked_for(request: HttpRequest) -> str:
    """Return ``?kind=``, "" for all; raise Http404 for a kind that does not exist."""
    kind = request.GET.get("kind", "")
    if kind and kind not in Issue.Kind.values:
        raise Http404(f"no issues of kind {kind!r}")
    return kind


def address_of(path: str, page: Page[Any] | None = None, **query: str) -> str:
    """Return the one address of a page: its path with what is not the default."""
    asked = {name: value for name, value in query.items() if value}
    if page is not None and page.number > 1:
        asked["page"] = str(page.number)
    return f"{path}?{urlencode(asked)}" if asked else path


def before_page(**query: str) -> str:
    """Return what stands before the number of a page in the address of a list."""
    return "".join(f"{urlencode({name: value})}&" for name, value in query.items() if value)


def head(address: str) -> dict[str, Any]:
    """Return what the head of every public page says of it."""
    return {"canonical": absolute(address)}
