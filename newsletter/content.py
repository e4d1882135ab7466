"""The content of an issue as plain values: what approval freezes and rendering takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Self

from newsletter.models import Issue, Story
from newsletter.states import IssueState
from subscribers.models import Source


@dataclass(frozen=True, slots=True)
class StoryContent:
    """One story. ``key`` is unique in the issue, ``body`` is Markdown, ``url`` may be empty.

    ``source_ids`` empty means: shown to everybody. ``via`` names the sources whose own
    company is not the label's, for the by-line “Netflix · via InfoQ”; else it is empty.
    """

    key: str
    headline: str
    company: str
    body: str
    url: str = ""
    source_ids: tuple[int, ...] = ()
    via: str = ""


@dataclass(frozen=True, slots=True)
class ThreadContent:
    """One of a weekly's developing threads."""

    key: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class IssueContent:
    """Everything of an issue that a reader can see. ``kind`` is ``daily`` or ``weekly``."""

    kind: str
    slug: str
    title: str
    subject: str
    period_start: date
    period_end: date
    opening: str
    stories: tuple[StoryContent, ...]
    threads: tuple[ThreadContent, ...]
    patterns: str

    def to_json(self) -> dict[str, Any]:
        """Return values that JSON can hold; ``from_json`` gives an equal content back."""
        return {
            **asdict(self),
            "period_start": self.period_start.isoformat(),
            "period_end": self.period_end.isoformat(),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        return cls(
            **{
                **values,
                "period_start": date.fromisoformat(values["period_start"]),
                "period_end": date.fromisoformat(values["period_end"]),
                "stories": tuple(
                    StoryContent(**{**story, "source_ids": tuple(story["source_ids"])})
                    for story in values["stories"]
                ),
                "threads": tuple(ThreadContent(**thread) for thread in values["threads"]),
            }
        )

    @property
    def content_hash(self) -> str:
        """Return the SHA-256 of the content in hexadecimal: equal for equal content alone."""
        canonical = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def content_of(issue: Issue) -> IssueContent:
    """Read an issue's content out of the database."""
    sources = present_sources()
    stories = tuple(
        story_content(story, sources) for story in issue.stories.prefetch_related("credits")
    )
    return IssueContent(
        kind=issue.kind,
        slug=issue.slug,
        title=issue.title,
        subject=issue.subject or (stories[0].headline if stories else issue.title),
        period_start=issue.period_start,
        period_end=issue.period_end,
        opening=issue.opening,
        stories=stories,
        threads=tuple(
            ThreadContent(key=thread.key, title=thread.title, body=thread.body)
            for thread in issue.threads.all()
        ),
        patterns=issue.patterns,
    )


def public_content_of(issue: Issue) -> IssueContent:
    """Return what anybody may read of an issue on the web.

    That is what was approved, as in the mails, with sources under their present names. Once
    an editor saved a correction of a sent issue it is what the rows say, with the note on what
    was corrected; not before, for an edit may have been refused while the issue was sent.
    """
    if issue.state != IssueState.SENT or issue.corrected_at is None:
        revision = issue.revisions.current().first()
        if revision is not None:
            return under_present_names(IssueContent.from_json(revision.content))
    return content_of(issue)


def under_present_names(content: IssueContent) -> IssueContent:
    """Return a frozen content with the sources of its stories as they are called now."""
    sources = present_sources()
    stories = []
    for story in content.stories:
        present = distinct((pk for pk in story.source_ids if pk in sources), sources)
        line = via(story.company, list(present.values()))
        stories.append(replace(story, source_ids=tuple(present), via=line))
    return replace(content, stories=tuple(stories))


def present_sources() -> dict[int, Source]:
    """Map every source's id to the source under its present name."""
    sources = Source.objects.in_bulk()
    return {pk: sources[present] for pk, present in Source.objects.present_ids().items()}


def distinct(source_ids: Iterable[int], sources: dict[int, Source]) -> dict[int, Source]:
    """Return the present sources of these ids by their own, each once."""
    return {source.pk: source for source in map(sources.__getitem__, source_ids)}


def story_content(story: Story, sources: dict[int, Source]) -> StoryContent:
    """Return a story; ``sources`` gives every source under its present name."""
    credited = distinct((credit.source_id for credit in story.credits.all()), sources)
    return StoryContent(
        key=story.key,
        headline=story.headline,
        company=story.company,
        body=story.body,
        url=story.url,
        source_ids=tuple(credited),
        via=via(story.company, list(credited.values())),
    )


def via(label: str, sources: list[Source]) -> str:
    """Name the sources whose company is none of those that the label names.

    A reader of “Netflix · via InfoQ” sees who did the work and who wrote about it.
    """
    return ", ".join(source.name for source in sources if not names_source(label, source))


def names_source(label: str, source: Source) -> bool:
    """Tell whether a label names a source or the company behind it."""
    named = label.casefold()
    return source.company.casefold() in named or source.name.casefold() in named
