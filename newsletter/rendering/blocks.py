"""The blocks of an issue, as values that the templates of both forms lay out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from newsletter.content import IssueContent, StoryContent, ThreadContent
from newsletter.models.issues import HEADLINE_MAX_LENGTH
from newsletter.rendering.cleaning import clean_line, direction_of, safe_url
from newsletter.rendering.errors import RenderError
from newsletter.rendering.markdown import Body, body_of
from newsletter.rendering.plain import underlined, wrapped
from newsletter.rendering.segments import Kind
from newsletter.rendering.wording import credit, opening_label, stories_label

# A by-line may name several sources; none has a name as long as this.
CREDITS_MAX_LENGTH = 5 * HEADLINE_MAX_LENGTH
SECTION_RULE = "="
STORY_RULE = "-"


@dataclass(frozen=True, slots=True)
class Layout:
    """What a template says of one block; fields that a block has no use for are empty.

    A story's by-line is its company and, in the frame's language, the credit to others.
    """

    kind: Kind
    title: str = ""
    company: str = ""
    credit: str = ""
    url: str = ""
    body: Body | None = None
    key: str = ""
    source_ids: tuple[int, ...] = ()

    @property
    def direction(self) -> str:
        """Which way the title runs: "ltr", "rtl", or "" where it has no letter that says so."""
        return direction_of(self.title)

    @property
    def section_title(self) -> str:
        """The title of a section in plain text."""
        return underlined(self.title.upper(), SECTION_RULE)

    @property
    def story_title(self) -> str:
        """The title of a story or thread in plain text."""
        return underlined(self.title, STORY_RULE)

    @property
    def byline(self) -> str:
        """The by-line as words: “Netflix · via InfoQ”, or the half of it that there is."""
        return " · ".join(part for part in (self.company, self.credit) if part)

    @property
    def byline_text(self) -> str:
        return "\n".join(wrapped(self.byline))


def blocks_of(content: IssueContent, *, with_notes: tuple[Kind, ...]) -> list[Layout]:
    """Return an issue's blocks in order; ``with_notes`` says which of NOTES stand.

    Raises RenderError for a text that no mail can hold, naming it.
    """
    welcome = [Layout(Kind.WELCOME)] if Kind.WELCOME in with_notes else []
    return [Layout(Kind.TOP), *welcome, *middle(content, with_notes), Layout(Kind.FOOT)]


def middle(content: IssueContent, with_notes: tuple[Kind, ...]) -> Iterator[Layout]:
    if content.opening.strip():
        yield prose(Kind.OPENING, opening_label(content.kind), content.opening)
    if content.stories:
        yield Layout(Kind.STORIES, title=stories_label(content.kind))
    for story in content.stories:
        yield story_layout(story)
    for note in (Kind.MORE, Kind.HIDDEN):
        if note in with_notes:
            yield Layout(note)
    if content.threads:
        yield Layout(Kind.THREADS, title=_("Developing Threads"))
    for thread in content.threads:
        yield thread_layout(thread)
    if content.patterns.strip():
        yield prose(Kind.PATTERNS, _("Patterns Across Companies"), content.patterns)


def prose(kind: Kind, title: str, markdown: str) -> Layout:
    return Layout(kind, title=title, body=body_at(markdown, kind.value))


def story_layout(story: StoryContent) -> Layout:
    return Layout(
        Kind.STORY,
        title=headline(story.headline, story.key),
        company=line(story.company, HEADLINE_MAX_LENGTH, story.key),
        credit=credit(line(story.via, CREDITS_MAX_LENGTH, story.key)),
        url=safe_url(story.url),
        body=body_at(story.body, story.key),
        key=story.key,
        source_ids=story.source_ids,
    )


def thread_layout(thread: ThreadContent) -> Layout:
    return Layout(
        Kind.THREAD,
        title=headline(thread.title, thread.key),
        body=body_at(thread.body, thread.key),
        key=thread.key,
    )


def headline(text: str, where: str) -> str:
    """Return a headline on one line; raise RenderError if nothing is left of it."""
    title = line(text, HEADLINE_MAX_LENGTH, where)
    if not title:
        raise RenderError(_("The headline is empty. Write one."), where=where)
    return title


def line(text: str, limit: int, where: str) -> str:
    if len(text) > limit:
        raise RenderError(
            _("A line has %(length)d characters; %(limit)d are allowed: “%(start)s…”. Shorten it.")
            % {"length": len(text), "limit": limit, "start": clean_line(text[:40])},
            where=where,
        )
    return clean_line(text)


def body_at(markdown: str, where: str) -> Body:
    try:
        return body_of(markdown)
    except RenderError as exc:
        raise RenderError(exc.reason, where=where) from exc
