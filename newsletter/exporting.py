"""From rows back to the values that parsing gives, and to canonical Markdown."""

from __future__ import annotations

from typing import cast

from django.conf import settings

from newsletter.models import Issue, Story
from newsletter.parsing import (
    ParsedIssue,
    ParsedStory,
    ParsedThread,
    SourceRef,
    normal_form,
    write_canonical,
)
from newsletter.parsing.values import Kind


def parsed_from(issue: Issue) -> ParsedIssue:
    """Return a stored issue in the normal form of parsed values.

    Sources stand under the names they were stored with; ``?`` marks suggestions.
    """
    return normal_form(
        ParsedIssue(
            kind=cast(Kind, issue.kind),
            period_start=issue.period_start,
            period_end=issue.period_end,
            subject=issue.subject,
            opening=issue.opening,
            opening_about=issue.opening_about,
            stories=tuple(
                parsed_story(story) for story in issue.stories.prefetch_related("credits__source")
            ),
            threads=tuple(
                ParsedThread(key=thread.key, title=thread.title, body=thread.body)
                for thread in issue.threads.all()
            ),
            patterns=issue.patterns,
            listed_sources=tuple(map(str, issue.listed_sources)),
        )
    )


def parsed_story(story: Story) -> ParsedStory:
    return ParsedStory(
        key=story.key,
        headline=story.headline,
        company=story.company,
        body=story.body,
        url=story.url,
        sources=tuple(
            SourceRef(credit.source.slug, credit.confirmed) for credit in story.credits.all()
        ),
        unattributed=story.unattributed,
        taken_from=story.taken_from,
    )


def export_text(issue: Issue) -> str:
    """Return the issue as canonical Markdown; importing that changes nothing."""
    return write_canonical(parsed_from(issue), publication=settings.PUBLICATION_NAME)
