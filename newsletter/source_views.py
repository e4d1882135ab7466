"""The archive by source: who was read, and what of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from newsletter.listing import address_of, head, page_asked_for
from newsletter.models import WebCopy, WebPassage
from newsletter.page_cache import Page, public_page, rendered
from newsletter.rendering.cleaning import safe_url, shortened
from subscribers.models import Source

STORIES_A_PAGE = 30
# Two lines on a desk's screen, four on a telephone.
SUMMARY_LENGTH = 180


@dataclass(frozen=True, slots=True)
class Counted:
    """A source and how many stories of the archive are credited to it."""

    name: str
    slug: str
    stories: int


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A story as a source's page lists it."""

    headline: str
    key: str
    issue_slug: str
    kind: str
    day: date
    company: str
    via: str
    summary: str


@public_page
def sources(request: HttpRequest) -> Page:
    """List the sources that have a story in the archive, by company."""
    rows = (
        Source.objects.order_by()
        .annotate(shown=Count("web_passages"))
        .filter(shown__gt=0)
        .values_list("company", "name", "slug", "shown")
    )
    found = sorted(rows, key=lambda row: (row[0].casefold(), row[1].casefold()))
    companies = [
        (company, [Counted(*row[1:]) for row in group])
        for company, group in groupby(found, key=lambda row: row[0])
    ]
    address = reverse("newsletter:sources")
    context = {"companies": companies, "count": len(found)}
    return Page(
        address,
        companies,
        WebCopy.objects.newest_change(),
        lambda: rendered("newsletter/sources.html", address, {**head(address), **context}),
    )


@public_page
def source(request: HttpRequest, slug: str) -> Page | HttpResponse:
    """List a source's stories, newest first; one that was merged leads to its present name."""
    found = get_object_or_404(Source, slug=slug)
    present = Source.objects.present_ids()[found.pk]
    if present != found.pk:
        return redirect("newsletter:source", Source.objects.get(pk=present).slug, permanent=True)
    page = page_asked_for(request, stories_of(found), STORIES_A_PAGE)
    rows = list(page.object_list)
    lines = [line_of(row) for row in rows]
    changed_at: datetime | None = max((changed for *_row, changed in rows), default=None)
    address = address_of(reverse("newsletter:source", args=[slug]), page)
    homepage = safe_url(found.homepage_url)
    context = {"source": found, "homepage": homepage, "page": page, "lines": lines}
    return Page(
        address,
        [found.name, found.company, homepage, lines, page.paginator.count],
        changed_at,
        lambda: rendered("newsletter/source.html", address, {**head(address), **context}),
    )


def stories_of(source: Source) -> QuerySet[WebPassage, tuple[Any, ...]]:
    """Return what a line shows of each of a source's stories, its text and its last change."""
    return (
        source.web_passages.filter(part=WebPassage.Part.STORY)
        .order_by("-copy__issue__period_end", "copy__issue__kind", "copy_id", "position")
        .values_list(
            "headline",
            "key",
            "copy__issue__slug",
            "copy__issue__kind",
            "copy__issue__period_end",
            "company",
            "via",
            "text",
            "copy__changed_at",
        )
    )


def line_of(row: tuple[Any, ...]) -> StoryLine:
    headline, key, slug, kind, day, company, via, text, _changed_at = row
    summary = shortened(text, SUMMARY_LENGTH)
    return StoryLine(headline, key, slug, kind, day, company, via, summary)
