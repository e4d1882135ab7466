"""The search of the archive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from newsletter.listing import address_of, before_page, head, kind_asked_for, page_asked_for
from newsletter.models import WebPassage
from newsletter.page_cache import Page, public_page, rendered
from newsletter.presenting import opening_title
from newsletter.searching import LONGEST_QUERY, excerpt, marked, search, words_of
from subscribers.models import Source

RESULTS_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A passage as the results show it, with the words that were asked for marked."""

    headline: SafeString
    address: str
    kind: str
    day: date
    company: str
    via: str
    excerpt: SafeString


@public_page
def results(request: HttpRequest) -> Page:
    """Show what ``?q=`` finds; ``?kind=`` and ``?source=`` narrow it, ``?page=`` goes on."""
    query = " ".join(request.GET.get("q", "")[:LONGEST_QUERY].replace("\0", " ").split())
    kind = kind_asked_for(request)
    slug = request.GET.get("source", "")
    source = get_object_or_404(Source, slug=slug) if slug else None
    page = page_asked_for(request, search(query, kind=kind, source=source), RESULTS_A_PAGE)
    rows = list(page.object_list)
    asked = {"q": query, "kind": kind, "source": source.slug if source else ""}
    address = address_of(reverse("newsletter:search"), page, **asked)
    shows = [
        [shown_of(row) for row in rows],
        page.paginator.count,
        source.name if source else "",
    ]

    def render() -> str:
        words = words_of(query)
        context = {
            "query": query,
            "longest_query": LONGEST_QUERY,
            "kind": kind,
            "source": source,
            "page": page,
            "before": before_page(**asked),
            "results": [found(row, words) for row in rows],
            "asked": bool(words),
        }
        return rendered("newsletter/search.html", address, {**head(address), **context})

    changed_at = max((row.copy.changed_at for row in rows), default=None)
    return Page(address, shows, changed_at, render, kept=False)


def shown_of(passage: WebPassage) -> tuple[object, ...]:
    """Return all of a passage that a result is made of."""
    issue = passage.copy.issue
    place = (issue.slug, issue.kind, issue.period_end, passage.part, passage.key)
    return (*place, passage.headline, passage.company, passage.via, passage.text)


def found(passage: WebPassage, words: list[str]) -> Found:
    issue = passage.copy.issue
    page = reverse("newsletter:issue", args=[issue.slug])
    return Found(
        headline=marked(title_of(passage), words),
        address=f"{page}#{passage.key or f'part.{passage.part}'}",
        kind=issue.kind,
        day=issue.period_end,
        company=passage.company,
        via=passage.via,
        excerpt=excerpt(passage.text, words),
    )


def title_of(passage: WebPassage) -> str:
    """Return a passage's headline, or what stands above one that has none."""
    if passage.part == WebPassage.Part.OPENING:
        return opening_title(passage.copy.issue.kind)
    if passage.part == WebPassage.Part.PATTERNS:
        return _("Patterns Across Companies")
    return passage.headline
