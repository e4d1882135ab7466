"""The search of the archive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from django.http import Http404, HttpRequest
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


HIT = (
    "part",
    "key",
    "headline",
    "company",
    "via",
    "text",
    "copy__issue__slug",
    "copy__issue__kind",
    "copy__issue__period_end",
    "copy__changed_at",
)


@dataclass(frozen=True, slots=True)
class Hit:
    """All of a passage that a result is made of."""

    part: str
    key: str
    headline: str
    company: str
    via: str
    text: str
    slug: str
    kind: str
    day: date


SLUG = re.compile(r"[-\w]*")


@dataclass(frozen=True, slots=True)
class Result:
    """A passage as the results show it, with the words that were asked for marked.

    The headline is our own, in the page's language, where the passage has none.
    """

    headline: SafeString
    is_ours: bool
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
    if not SLUG.fullmatch(slug):
        # PostgreSQL takes no NUL in a question, and no other sign names a source either.
        raise Http404
    source = get_object_or_404(Source, slug=slug) if slug else None
    passages = search(query, kind=kind, source=source).values_list(*HIT)
    page = page_asked_for(request, passages, RESULTS_A_PAGE)
    rows = list(page.object_list)
    hits = [Hit(*row) for *row, _changed_at in rows]
    asked = {"q": query, "kind": kind, "source": source.slug if source else ""}
    address = address_of(reverse("newsletter:search"), page, **asked)
    shows = [hits, page.paginator.count, source.name if source else ""]

    def render() -> str:
        words = words_of(query)
        context = {
            "query": query,
            "longest_query": LONGEST_QUERY,
            "kind": kind,
            "source": source,
            "page": page,
            "before": before_page(**asked),
            "results": [result(hit, words) for hit in hits],
            "asked": bool(words),
        }
        return rendered("newsletter/search.html", address, {**head(address), **context})

    changed_at = max((changed for *_hit, changed in rows), default=None)
    return Page(address, shows, changed_at, render, kept=False)


def result(hit: Hit, words: list[str]) -> Result:
    page = reverse("newsletter:issue", args=[hit.slug])
    return Result(
        headline=marked(title_of(hit), words),
        is_ours=not hit.headline,
        address=f"{page}#{hit.key or f'part.{hit.part}'}",
        kind=hit.kind,
        day=hit.day,
        company=hit.company,
        via=hit.via,
        excerpt=excerpt(hit.text, words),
    )


def title_of(hit: Hit) -> str:
    """Return a passage's headline, or what stands above one that has none."""
    if hit.part == WebPassage.Part.OPENING:
        return opening_title(hit.kind)
    if hit.part == WebPassage.Part.PATTERNS:
        return _("Patterns Across Companies")
    return hit.headline
