"""An issue's content as its page shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from newsletter.content import IssueContent, StoryContent, names_source
from newsletter.models import Issue
from newsletter.rendering import RenderError, web_html, wording
from subscribers.models import Source

BLANK = SafeString("")


@dataclass(frozen=True, slots=True)
class Passage:
    """A story or a thread as its page shows it; ``address`` is its own in the public archive."""

    key: str
    headline: str
    html: SafeString
    address: str
    byline: SafeString = BLANK
    company: str = ""
    via: str = ""
    url: str = ""


def shown(content: IssueContent) -> dict[str, Any]:
    """Return an issue's parts with their Markdown as HTML."""
    page = reverse("newsletter:issue", args=[content.slug])
    credited = {pk for story in content.stories for pk in story.source_ids}
    sources = Source.objects.in_bulk(credited)
    return {
        "content": content,
        "period": wording.period(content.period_start, content.period_end),
        "opening_title": opening_title(content.kind),
        "opening": readable(content.opening) if content.opening else "",
        "stories": [story_passage(story, page, sources) for story in content.stories],
        "threads": [
            Passage(thread.key, thread.title, readable(thread.body), f"{page}#{thread.key}")
            for thread in content.threads
        ],
        "patterns": readable(content.patterns) if content.patterns else "",
    }


def opening_title(kind: str) -> str:
    """Return what stands above the first paragraph of an issue."""
    return _("The Week in Review") if kind == Issue.Kind.WEEKLY else _("Signal of the Day")


def readable(markdown: str) -> SafeString:
    """Return a text's HTML; one that cannot be rendered is shown as it was written."""
    try:
        return web_html(markdown)
    except RenderError:
        return format_html("<pre>{}</pre>", markdown)


def story_passage(story: StoryContent, page: str, sources: Mapping[int, Source]) -> Passage:
    credited = [sources[pk] for pk in story.source_ids if pk in sources]
    return Passage(
        key=story.key,
        headline=story.headline,
        html=readable(story.body),
        address=f"{page}#{story.key}",
        byline=byline(story.company, credited),
        company=story.company,
        via=story.via,
        # A link may lead to the web and nowhere else, whatever found its way into the row.
        url=story.url if story.url.startswith(("https://", "http://")) else "",
    )


def byline(label: str, sources: Iterable[Source]) -> SafeString:
    """Return a story's by-line, in which every source leads to its page.

    The label itself leads to the one source that it names; where it names several, as a
    company does that has several blogs, they follow it.
    """
    sources = list(sources)
    named = [source for source in sources if names_source(label, source)]
    others = [source for source in sources if source not in named]
    parts = []
    if len(named) == 1:
        parts.append(link_to(named[0], label))
    elif label:
        parts.append(format_html("{}", label))
    if len(named) > 1:
        parts.append(links_to(named))
    if others:
        parts.append(format_html(_("via {sources}"), sources=links_to(others)))
    return format_html_join(" · ", "{}", ((part,) for part in parts))


def links_to(sources: Iterable[Source]) -> SafeString:
    return format_html_join(", ", "{}", ((link_to(source, source.name),) for source in sources))


def link_to(source: Source, text: str) -> SafeString:
    return format_html(
        '<a href="{}">{}</a>', reverse("newsletter:source", args=[source.slug]), text
    )
