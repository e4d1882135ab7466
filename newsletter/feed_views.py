"""The public feeds: all issues, dailies, weeklies, and the stories of one source."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from newsletter.feed_entries import issue_entry, once_each, story_entry
from newsletter.feeds import FORMS, Entry, Feed, Form
from newsletter.models import Issue, WebCopy, WebPassage
from newsletter.page_cache import Outdated, Page, public_page
from subscribers.links import absolute
from subscribers.models import Source

NEWEST = 30
ALL = "all"

# The key of a row, its page's version, and when that changed.
Version = tuple[int, str, datetime]


@dataclass(frozen=True, slots=True)
class Channel:
    """A feed before its entries are made: what it is called, and the versions of its rows.

    ``entries`` makes them of just these versions, or raises Outdated.
    """

    title: str
    home: str
    versions: list[Version]
    entries: Callable[[], Iterable[Entry]]


def feed(request: HttpRequest, kind: str, ending: str) -> HttpResponse:
    """Give the newest issues, whole: ``all`` of them, or those of one kind."""
    if kind != ALL and kind not in Issue.Kind.values:
        raise Http404(f"no feed of {kind!r}")
    return answer(request, form_of(ending), lambda: issues_channel(kind))


def source_feed(request: HttpRequest, slug: str, ending: str) -> HttpResponse:
    """Give the newest stories of a source, under whatever name it had."""
    source = get_object_or_404(Source, slug=slug)
    return answer(request, form_of(ending), lambda: source_channel(source))


def form_of(ending: str) -> Form:
    if ending not in FORMS:
        raise Http404(f"no feed is written as {ending!r}")
    return FORMS[ending]


def answer(request: HttpRequest, form: Form, channel: Callable[[], Channel]) -> HttpResponse:
    """Write a channel in the publication's language, whatever the program's owner speaks."""
    with translation.override(settings.PUBLICATION_LANGUAGE):
        response = page(request, form, channel)
    response["Content-Language"] = settings.PUBLICATION_LANGUAGE
    return response


@public_page
def page(request: HttpRequest, form: Form, channel: Callable[[], Channel]) -> Page:
    found = channel()
    return Page(
        address=request.path,
        shows=[found.title, settings.MAIL_DOMAIN, found.versions],
        changed_at=max((changed for _pk, _version, changed in found.versions), default=None),
        render=lambda: form.write(feed_of(found, absolute(request.path))).decode(),
        content_type=form.content_type,
    )


def feed_of(channel: Channel, self_url: str) -> Feed:
    return Feed(
        id=self_url,
        title=channel.title,
        self_url=self_url,
        home_url=absolute(channel.home),
        author=settings.PUBLICATION_NAME,
        language=settings.PUBLICATION_LANGUAGE,
        entries=tuple(channel.entries()),
    )


def issues_channel(kind: str) -> Channel:
    copies = WebCopy.objects.newest_first().select_related("issue")
    if kind != ALL:
        copies = copies.of_kind(kind)
    newest = copies[:NEWEST]
    titles = {
        ALL: "%(publication)s",
        Issue.Kind.DAILY: _("%(publication)s: the daily"),
        Issue.Kind.WEEKLY: _("%(publication)s: the weekly"),
    }
    versions = list(newest.values_list("pk", "content_hash", "changed_at"))

    def entries() -> Iterable[Entry]:
        rows = list(newest)
        if [(copy.pk, copy.content_hash, copy.changed_at) for copy in rows] != versions:
            raise Outdated
        return map(issue_entry, rows)

    return Channel(
        title=titles[kind] % {"publication": settings.PUBLICATION_NAME},
        home=reverse("newsletter:archive"),
        versions=versions,
        entries=entries,
    )


def source_channel(source: Source) -> Channel:
    same = Source.objects.merge_groups()[source.pk]
    credit = WebPassage.sources.through.objects.filter(webpassage=OuterRef("pk"), source__in=same)
    passages = (
        WebPassage.objects.filter(Exists(credit), part=WebPassage.Part.STORY)
        .select_related("copy__issue")
        .defer("copy__content")
        .order_by("-copy__issue__period_end", "copy__issue__kind", "position")
    )[:NEWEST]
    versions = list(passages.values_list("pk", "copy__content_hash", "copy__changed_at"))

    def entries() -> Iterable[Entry]:
        rows = list(passages)
        if [(row.pk, row.copy.content_hash, row.copy.changed_at) for row in rows] != versions:
            raise Outdated
        return map(story_entry, once_each(rows))

    return Channel(
        title=_("%(source)s in %(publication)s")
        % {"source": source.name, "publication": settings.PUBLICATION_NAME},
        home=reverse("newsletter:source", args=[source.slug]),
        versions=versions,
        entries=entries,
    )
