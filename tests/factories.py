"""Rows for tests, each with the least that a test must say."""

import itertools
from datetime import UTC, date, datetime, time
from typing import Any

from django.utils import timezone

from newsletter.approving import approve
from newsletter.models import Issue, Story, StorySource, Thread
from newsletter.models.issues import slug_of
from subscribers.models import Source, Subscriber

counter = itertools.count(1)


def make_source(name: str = "", **fields: Any) -> Source:
    number = next(counter)
    name = name or f"Source {number}"
    slug = fields.pop("slug", f"source-{number}")
    return Source.objects.create(
        name=name,
        slug=slug,
        company=fields.pop("company", name),
        homepage_url=fields.pop("homepage_url", f"https://{slug}.example/"),
        position=fields.pop("position", number),
        **fields,
    )


def make_reader(
    email: str = "", *, sources: list[Source] | None = None, **fields: Any
) -> Subscriber:
    """Make an active reader; one who names sources takes only those."""
    reader = Subscriber.objects.create(
        email=email or f"reader{next(counter)}@example.com",
        state=fields.pop("state", Subscriber.State.ACTIVE),
        confirmed_at=fields.pop("confirmed_at", timezone.now()),
        all_sources=fields.pop("all_sources", sources is None),
        **fields,
    )
    if sources:
        reader.sources.set(sources)
    return reader


def make_issue(kind: str = "daily", end: date = date(2026, 11, 20), **fields: Any) -> Issue:
    return Issue.objects.create(
        kind=kind,
        period_start=fields.pop("period_start", end),
        period_end=end,
        slug=slug_of(kind, end),
        opening=fields.pop("opening", "One paragraph that says what matters today."),
        patterns=fields.pop("patterns", "One paragraph about what several teams did alike."),
        **fields,
    )


def make_story(issue: Issue, *sources: Source, confirmed: bool = True, **fields: Any) -> Story:
    number = next(counter)
    story = Story.objects.create(
        issue=issue,
        position=fields.pop("position", number),
        key=fields.pop("key", f"story-{number}"),
        headline=fields.pop("headline", f"Headline {number}"),
        company=fields.pop("company", sources[0].company if sources else "Example Corp"),
        body=fields.pop("body", "A body of one sentence."),
        url=fields.pop("url", f"https://example.com/{number}"),
        **fields,
    )
    for source in sources:
        StorySource.objects.create(story=story, source=source, confirmed=confirmed)
    return story


def make_thread(issue: Issue, **fields: Any) -> Thread:
    number = next(counter)
    return Thread.objects.create(
        issue=issue,
        position=number,
        key=fields.pop("key", f"thread-{number}"),
        title=fields.pop("title", f"Thread {number}"),
        body=fields.pop("body", "How it went on."),
        **fields,
    )


def make_approved_issue(*sources: Source, **fields: Any) -> Issue:
    """Make an issue with a story of each source, approved as of its own day."""
    issue = make_issue(**fields)
    for source in sources or (make_source(),):
        make_story(issue, source)
    approve(issue, now=noon(issue))
    return issue


def noon(issue: Issue) -> datetime:
    """Return noon, UTC, of an issue's last day."""
    return datetime.combine(issue.period_end, time(12), tzinfo=UTC)
