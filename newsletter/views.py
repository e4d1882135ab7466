"""The public archive: what was sent, for everybody to read."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR

from newsletter.calendars import Entry, months_of
from newsletter.content import IssueContent
from newsletter.listing import (
    address_of,
    before_page,
    head,
    kind_asked_for,
    lines_of,
    page_of_lines,
)
from newsletter.models import Issue, WebCopy
from newsletter.models.issues import FIRST_DAY, LAST_DAY
from newsletter.page_cache import Outdated, Page, archive_page, rendered
from newsletter.presenting import shown
from newsletter.publishing import text_of
from newsletter.rendering.cleaning import shortened

# What search engines and messengers show under a title before they cut.
DESCRIPTION_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The issue of the same kind before or after another one."""

    slug: str
    day: date
    published_at: datetime


@archive_page
def archive(request: HttpRequest) -> Page:
    """List public issues, newest first; ``?kind=`` shows one kind, ``?page=`` older ones."""
    kind = kind_asked_for(request)
    copies = WebCopy.objects.newest_first()
    found = page_of_lines(request, copies.of_kind(kind) if kind else copies)
    years = WebCopy.objects.years()
    address = address_of(reverse("newsletter:archive"), found.page, kind=kind)
    context = {
        "page": found.page,
        "before": before_page(kind=kind),
        "lines": found.lines,
        "kind": kind,
        "years": years,
    }
    return Page(
        address,
        [found.lines, years, found.page.paginator.num_pages],
        found.changed_at,
        lambda: rendered("newsletter/archive.html", address, {**head(address), **context}),
    )


@archive_page
def year(request: HttpRequest, year: int) -> Page:
    """Show a year as a calendar on which every day leads to its issue."""
    first, last = span(year)
    lines, changed_at = lines_of(WebCopy.objects.between(first, last).newest_first())
    if not lines:
        raise Http404(f"no issue of {year}")
    earlier, later = WebCopy.objects.around(first, last)
    address = reverse("newsletter:year", args=[year])

    def render() -> str:
        entries = [
            Entry(line.day, line.slug, line.text, line.kind == Issue.Kind.WEEKLY) for line in lines
        ]
        context = {
            "year": year,
            "months": months_of(entries),
            "weekdays": [(WEEKDAYS_ABBR[day], WEEKDAYS[day]) for day in range(7)],
            "count": len(lines),
            "has_weeklies": any(entry.is_weekly for entry in entries),
            "earlier": earlier,
            "later": later,
        }
        return rendered("newsletter/archive_year.html", address, {**head(address), **context})

    return Page(address, [lines, earlier, later], changed_at, render)


@archive_page
def month(request: HttpRequest, year: int, month: int) -> Page:
    """List the issues of a month, newest first."""
    first, last = span(year, month)
    lines, changed_at = lines_of(WebCopy.objects.between(first, last).newest_first())
    if not lines:
        raise Http404(f"no issue of {year}-{month}")
    earlier, later = WebCopy.objects.around(first, last)
    address = reverse("newsletter:month", args=[year, month])
    context = {"month": first, "lines": lines, "earlier": earlier, "later": later}
    return Page(
        address,
        [lines, earlier, later],
        changed_at,
        lambda: rendered("newsletter/archive_month.html", address, {**head(address), **context}),
    )


def span(year: int, month: int | None = None) -> tuple[date, date]:
    """Return the first and last day of a year or month; raise Http404 for one of no issue."""
    if not (FIRST_DAY.year <= year <= LAST_DAY.year and (month is None or 1 <= month <= 12)):
        raise Http404(f"no issue of {year}-{month}")
    start, end = (month, month) if month else (1, 12)
    return date(year, start, 1), date(year, end, calendar.monthrange(year, end)[1])


@archive_page
def issue(request: HttpRequest, slug: str) -> Page:
    """Show one public issue; each story's anchor is its key."""
    copy = get_object_or_404(
        WebCopy.objects.select_related("issue").defer("content"), issue__slug=slug
    )
    earlier, later = neighbours(copy.issue)
    address = reverse("newsletter:issue", args=[slug])

    def render() -> str:
        content = IssueContent.from_json(content_of(copy))
        opening = text_of(content.opening)
        context = {
            "issue": copy.issue,
            "copy": copy,
            **shown(content),
            "description": shortened(opening or content.subject, DESCRIPTION_LENGTH),
            "earlier": earlier,
            "later": later,
        }
        return rendered("newsletter/issue.html", address, {**head(address), **context})

    came = [neighbour.published_at for neighbour in (earlier, later) if neighbour]
    return Page(
        address,
        [copy.content_hash, copy.changed_at, earlier, later],
        max([copy.changed_at, *came]),
        render,
        is_dated=True,
    )


def content_of(copy: WebCopy) -> dict[str, Any]:
    """Return the content of a copy that was read without it; raises Outdated if it changed."""
    same = WebCopy.objects.filter(pk=copy.pk, content_hash=copy.content_hash)
    content: dict[str, Any] | None = same.values_list("content", flat=True).first()
    if content is None:
        raise Outdated
    return content


def neighbours(issue: Issue) -> tuple[Neighbour | None, Neighbour | None]:
    """Return the public issues of the same kind before and after one."""
    days = WebCopy.objects.of_kind(issue.kind).values_list(
        "issue__slug", "issue__period_end", "published_at"
    )
    before = days.filter(issue__period_end__lt=issue.period_end).order_by("-issue__period_end")
    after = days.filter(issue__period_end__gt=issue.period_end).order_by("issue__period_end")
    earlier, later = (Neighbour(*row) if row else None for row in (before.first(), after.first()))
    return earlier, later
