"""What stands in the house before the first worker comes: an issue, and readers with choices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice

from django.core.management import call_command
from django.utils import timezone

from newsletter import steering
from newsletter.models import Issue, Story, StorySource
from newsletter.models.issues import slug_of
from newsletter.proving.readers import Kind, Reader, crowd
from subscribers.models import Mute, Source, Subscriber

DAY = date(2026, 11, 20)
# Two stories of every source but the last, which has none.
SOURCES = 6
STORIES = 10
SENTENCE = "The team moved a service that nobody dared to touch, and wrote down how it went. "
BODY = SENTENCE * 4
FAR = timedelta(days=365)
BATCH = 2_000


def furnish(served: int, seed: int) -> int:
    """Make the house's database and an issue that is due for everybody; return its id."""
    call_command("migrate", verbosity=0)
    sources = make_sources()
    issue = make_issue(sources[:-1])
    now = timezone.now()
    readers = crowd(served, seed)
    while batch := list(islice(readers, BATCH)):
        store(batch, sources, now)
    steering.send_now(issue, now=now, confirmed_late=True)
    leave_at_the_last_moment(crowd(served, seed), now)
    return issue.pk


def make_sources() -> list[Source]:
    return [
        Source.objects.create(
            name=f"Source {n}",
            slug=f"source-{n}",
            company=f"Company {n}",
            homepage_url=f"https://source-{n}.example/",
            position=n,
        )
        for n in range(SOURCES)
    ]


def make_issue(sources: list[Source]) -> Issue:
    issue = Issue.objects.create(
        kind=Issue.Kind.DAILY,
        period_start=DAY,
        period_end=DAY,
        slug=slug_of(Issue.Kind.DAILY, DAY),
        opening="One paragraph that says what matters today.",
        patterns="One paragraph about what several teams did alike.",
    )
    for n in range(STORIES):
        source = sources[n % len(sources)]
        story = Story.objects.create(
            issue=issue,
            position=n,
            key=f"story-{n}",
            headline=f"Headline number {n}",
            company=source.company,
            body=BODY,
            url=f"{source.homepage_url}{n}",
        )
        StorySource.objects.create(story=story, source=source, confirmed=True)
    return issue


def store(batch: list[Reader], sources: list[Source], now: datetime) -> None:
    """Store readers with what they chose."""
    people = Subscriber.objects.bulk_create(subscriber_of(reader, now) for reader in batch)
    both = list(zip(batch, people, strict=True))
    chosen = Subscriber.sources.through
    chosen.objects.bulk_create(
        chosen(subscriber_id=person.pk, source_id=source_of(reader, sources).pk)
        for reader, person in both
        if not person.all_sources
    )
    Mute.objects.bulk_create(
        Mute(subscriber_id=person.pk, source_id=sources[0].pk)
        for reader, person in both
        if reader.kind is Kind.MUTING
    )


def subscriber_of(reader: Reader, now: datetime) -> Subscriber:
    confirmed = reader.kind is not Kind.UNCONFIRMED
    return Subscriber(
        email=reader.email,
        state=Subscriber.State.ACTIVE if confirmed else Subscriber.State.PENDING,
        confirmed_at=now if confirmed else None,
        all_sources=reader.kind not in (Kind.SOME, Kind.SILENT),
        wants_daily=reader.kind is not Kind.WEEKLY,
        paused_until=(now + FAR).date() if reader.kind is Kind.PAUSED else None,
        language=reader.language,
    )


def source_of(reader: Reader, sources: list[Source]) -> Source:
    """Return the one source of a reader who chose one."""
    with_stories = sources[:-1]
    return (
        sources[-1]
        if reader.kind is Kind.SILENT
        else with_stories[reader.number % len(with_stories)]
    )


def leave_at_the_last_moment(readers: Iterator[Reader], now: datetime) -> None:
    """Let some leave, and some be suppressed, who are in the ledger already."""
    while batch := list(islice(readers, BATCH)):
        left = [reader.email for reader in batch if reader.kind is Kind.LEFT]
        Subscriber.objects.filter(email__in=left).update(
            state=Subscriber.State.UNSUBSCRIBED, left_at=now
        )
        suppressed = [reader.email for reader in batch if reader.kind is Kind.SUPPRESSED]
        Subscriber.objects.filter(email__in=suppressed).update(
            state=Subscriber.State.SUPPRESSED, suppression=Subscriber.Suppression.MANUAL
        )
