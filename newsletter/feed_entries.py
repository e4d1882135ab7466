"""Public issues and stories as entries of feeds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from newsletter.content import IssueContent
from newsletter.feeds import Entry, tag
from newsletter.models import Issue, WebCopy, WebPassage
from newsletter.presenting import Passage, readable, shown
from newsletter.rendering.cleaning import safe_url
from newsletter.rendering.spans import joined
from subscribers.audience import Choice
from subscribers.links import absolute

# Those of all public feeds, and of some readers' own; one takes some 60 KB.
ISSUES_KEPT = 128


@dataclass(frozen=True, slots=True)
class Written:
    """An issue as HTML in pieces, so that a choice of its stories is joined and not rendered."""

    before: str
    stories_title: str
    stories: tuple[tuple[frozenset[int], str], ...]
    after: str

    def through(self, choice: Choice) -> list[str]:
        """Return the stories that a choice leaves."""
        return [html for source_ids, html in self.stories if choice.takes(source_ids)]

    def around(self, stories: list[str]) -> str:
        title = [self.stories_title] if stories else []
        return "".join([self.before, *title, *stories, self.after])


def issue_entry(copy: WebCopy) -> Entry:
    """Return a whole public issue as an entry. The copy's issue is read with it."""
    written = written_of(copy)
    html = written.around(written.through(Choice.everything()))
    return entry_of(copy, html, name=copy.issue.kind)


def own_entry(copy: WebCopy, choice: Choice) -> Entry | None:
    """Return what a choice leaves of an issue, or None for a daily without a story.

    It has a name of its own: programs that read both feeds must not take one for the other.
    """
    credited = (frozenset(story["source_ids"]) for story in copy.content["stories"])
    if copy.issue.kind == Issue.Kind.DAILY and not any(map(choice.takes, credited)):
        return None
    written = written_of(copy)
    html = written.around(written.through(choice))
    return entry_of(copy, html, name=f"{copy.issue.kind}/own")


def entry_of(copy: WebCopy, html: str, *, name: str) -> Entry:
    return Entry(
        id=tag(settings.MAIL_DOMAIN, copy.issue.period_end, name),
        url=issue_url(copy),
        title=copy.line,
        html=html,
        published=copy.published_at,
        updated=copy.changed_at,
    )


def written_of(copy: WebCopy) -> Written:
    """Return an issue as HTML, for programs that show it among others and without our style."""
    version = (copy.content_hash, copy.changed_at)
    return write(copy, version, get_language(), settings.BASE_URL)


@lru_cache(maxsize=ISSUES_KEPT)
def write(copy: WebCopy, version: tuple[str, datetime], language: str | None, base: str) -> Written:
    """Render a copy; what comes after it names the version of what is written."""
    content = IssueContent.from_json(copy.content)
    parts = shown(content)
    is_weekly = content.kind == Issue.Kind.WEEKLY
    opening, patterns = parts["opening"], parts["patterns"]
    before = [correction(copy.correction_note)] if copy.correction_note else []
    before += [heading(parts["opening_title"]), opening] if opening else []
    after = [heading(_("Developing Threads"))] if parts["threads"] else []
    after += map(passage_html, parts["threads"])
    after += [heading(_("Patterns Across Companies")), patterns] if patterns else []
    stories = zip(content.stories, parts["stories"], strict=True)
    return Written(
        before=outside(joined(before), base),
        stories_title=heading(_("Top Stories") if is_weekly else _("Deep Dives")),
        stories=tuple(
            (frozenset(story.source_ids), outside(passage_html(passage), base))
            for story, passage in stories
        ),
        after=outside(joined(after), base),
    )


def outside(html: str, base: str) -> str:
    """Return HTML whose links hold on other sites too.

    Our own are paths in it; those in editors' texts are whole, or are no links.
    """
    return html.replace('href="/', f'href="{base}/')


def heading(text: str) -> SafeString:
    return format_html("<h2>{}</h2>", text)


def correction(note: str) -> SafeString:
    return format_html("<p><strong>{}</strong> {}</p>", _("Correction"), note)


def passage_html(passage: Passage) -> SafeString:
    headline = format_html("{}", passage.headline)
    if passage.url:
        headline = format_html('<a href="{}">{}</a>', passage.url, headline)
    byline = format_html("<p>{}</p>", passage.byline) if passage.byline else ""
    return format_html("<h3>{}</h3>{}{}", headline, byline, passage.html)


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
