"""Public issues and stories as entries of feeds."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language

from newsletter.content import IssueContent
from newsletter.feeds import Entry, tag
from newsletter.foreseeing import filtered
from newsletter.models import Issue, WebCopy, WebPassage
from newsletter.presenting import readable, shown
from newsletter.rendering.cleaning import safe_url
from subscribers.audience import Choice
from subscribers.links import absolute

# Those of all public feeds, and of some readers' own; one has some 20 KB.
ISSUES_KEPT = 128


def issue_entry(copy: WebCopy) -> Entry:
    """Return a whole public issue as an entry. The copy's issue is read with it."""
    return entry_of(copy, IssueContent.from_json(copy.content), name=copy.issue.kind)


def own_entry(copy: WebCopy, choice: Choice) -> Entry | None:
    """Return what a choice leaves of an issue, or None for a daily without a story.

    It has a name of its own: programs that read both feeds must not take one for the other.
    """
    content = filtered(IssueContent.from_json(copy.content), choice)
    if copy.issue.kind == Issue.Kind.DAILY and not content.stories:
        return None
    return entry_of(copy, content, name=f"{copy.issue.kind}/own")


def entry_of(copy: WebCopy, content: IssueContent, *, name: str) -> Entry:
    return Entry(
        id=tag(settings.MAIL_DOMAIN, copy.issue.period_end, name),
        url=issue_url(copy),
        title=copy.line,
        html=issue_html(content, copy.correction_note, (copy.content_hash, get_language())),
        published=copy.published_at,
        updated=copy.changed_at,
    )


@lru_cache(maxsize=ISSUES_KEPT)
def issue_html(content: IssueContent, note: str, version: tuple[str, str | None]) -> str:
    """Return an issue as HTML for programs that show it among others, without a style.

    ``version`` names what is shown besides, as the names of sources, and the language.
    """
    context = {**shown(content), "note": note}
    # Our own addresses are paths in it; those in editors' texts are whole, or are no links.
    html = render_to_string("newsletter/feed_issue.html", context)
    return html.replace('href="/', f'href="{settings.BASE_URL}/').strip()


def story_entry(passage: WebPassage) -> Entry:
    """Return a story as an entry that leads to its place on the issue's page."""
    issue = passage.copy.issue
    return Entry(
        id=tag(settings.MAIL_DOMAIN, issue.period_end, f"{issue.kind}/{passage.key}"),
        url=f"{issue_url(passage.copy)}#{passage.key}",
        title=passage.headline,
        html=readable(passage.body),
        published=passage.copy.published_at,
        updated=passage.copy.changed_at,
        author=passage.company,
        related_url=safe_url(passage.url),
    )


def once_each(passages: Iterable[WebPassage]) -> list[WebPassage]:
    """Leave out what a weekly repeats out of the dailies among these."""
    passages = list(passages)
    daily = {
        passage.url or passage.headline
        for passage in passages
        if passage.copy.issue.kind == Issue.Kind.DAILY
    }
    return [
        passage
        for passage in passages
        if passage.copy.issue.kind == Issue.Kind.DAILY
        or (passage.url or passage.headline) not in daily
    ]


def issue_url(copy: WebCopy) -> str:
    return absolute(reverse("newsletter:issue", args=[copy.issue.slug]))
