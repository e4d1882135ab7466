"""What programs ask a site for: a map of its pages, and where they are not wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Max
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.html import escape

from newsletter.models import WebCopy
from newsletter.page_cache import Page, archive_page, public_page
from subscribers.links import absolute
from subscribers.models import Source

# sitemaps.org: a map has at most 50,000 addresses, and an index names several maps.
ADDRESSES_A_MAP = 50_000
XML = "application/xml; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"

# Nobody's business: personal pages, the desk, and searches, of which there is no end.
NOT_FOR_ROBOTS = (
    "/admin/",
    "/mailbox/",
    "/confirm/",
    "/choices/",
    "/address/",
    "/u/",
    "/f/",
    "/feed/",
    "/read/",
    "/preview/",
    "/embed/",
    "/language/",
    "/archive/search/",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A page of ours, and when it last changed, where that is known."""

    address: str
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MapForm:
    """What the elements of a map are called."""

    root: str
    entry: str


MAP = MapForm("urlset", "url")
INDEX = MapForm("sitemapindex", "sitemap")


@archive_page
def sitemap(request: HttpRequest) -> Page:
    """Give all public pages, or the index of the maps that do where one map cannot."""
    places = list(all_places())
    maps = -(-len(places) // ADDRESSES_A_MAP)
    if maps <= 1:
        return map_of(places, reverse("newsletter:sitemap"))
    parts = [
        Place(absolute(reverse("newsletter:sitemap_part", args=[number + 1])), newest(part))
        for number, part in enumerate(split(places))
    ]
    return map_of(parts, reverse("newsletter:sitemap"), INDEX)


@archive_page
def sitemap_part(request: HttpRequest, number: int) -> Page:
    """Give one of the maps that the index names."""
    parts = list(split(list(all_places())))
    if not 1 <= number <= len(parts) or len(parts) == 1:
        raise Http404(f"no map {number}")
    return map_of(parts[number - 1], reverse("newsletter:sitemap_part", args=[number]))


@public_page
def robots(request: HttpRequest) -> Page:
    """Say which addresses programs leave alone, and where the map is."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOT_FOR_ROBOTS), ""]
    lines += [f"Sitemap: {absolute(reverse('newsletter:sitemap'))}", ""]
    text = "\n".join(lines)
    return Page(reverse("newsletter:robots"), text, None, lambda: text, content_type=TEXT)


def map_of(places: list[Place], address: str, form: MapForm = MAP) -> Page:
    return Page(
        address,
        places,
        newest(places),
        lambda: written(places, form),
        content_type=XML,
    )


def written(places: list[Place], form: MapForm) -> str:
    """Write a map, or an index of maps, as sitemaps.org has it."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<{form.root} xmlns="{NAMESPACE}">']
    for place in places:
        changed_at = place.changed_at
        when = f"<lastmod>{changed_at.isoformat('T', 'seconds')}</lastmod>" if changed_at else ""
        lines.append(f"<{form.entry}><loc>{escape(place.address)}</loc>{when}</{form.entry}>")
    return "\n".join([*lines, f"</{form.root}>", ""])


def split(places: list[Place]) -> Iterator[list[Place]]:
    for start in range(0, len(places), ADDRESSES_A_MAP):
        yield places[start : start + ADDRESSES_A_MAP]


def newest(places: list[Place]) -> datetime | None:
    return max((place.changed_at for place in places if place.changed_at), default=None)


def all_places() -> Iterator[Place]:
    """Give every page that search engines may find, the newest issues first."""
    copies = WebCopy.objects.newest_first()
    issues = list(copies.values_list("issue__slug", "issue__period_end", "changed_at"))
    latest = max((changed for *_, changed in issues), default=None)
    yield Place(absolute(reverse("subscribers:subscribe")))
    yield Place(absolute(reverse("newsletter:archive")), latest)
    yield Place(absolute(reverse("newsletter:sources")), latest)
    for slug, _day, changed_at in issues:
        yield Place(absolute(reverse("newsletter:issue", args=[slug])), changed_at)
    yield from periods([(day, changed_at) for _slug, day, changed_at in issues])
    yield from source_places()


def periods(changes: list[tuple[date, datetime]]) -> Iterator[Place]:
    """Give the pages of years and months, each as new as the newest change of its issues."""
    pages: dict[str, datetime] = {}
    for day, changed_at in changes:
        year = reverse("newsletter:year", args=[day.year])
        month = reverse("newsletter:month", args=[day.year, day.month])
        for path in (year, month):
            pages[path] = max(changed_at, pages.get(path, changed_at))
    for path, changed_at in pages.items():
        yield Place(absolute(path), changed_at)


def source_places() -> Iterator[Place]:
    sources = Source.objects.order_by("slug").annotate(
        shown=Count("web_passages"), changed_at=Max("web_passages__copy__changed_at")
    )
    for slug, changed_at in sources.filter(shown__gt=0).values_list("slug", "changed_at"):
        yield Place(absolute(reverse("newsletter:source", args=[slug])), changed_at)
