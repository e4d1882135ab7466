"""Sample issues and readers, so that a fresh house has something to send and somebody to get it.

The issues' files are valid as they stand, with fixed days; when they are stored their days
move so that the newest is the day on which it happens. All addresses are under domains that
RFC 2606 reserves: nobody can ever own them.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Self

from django.conf import settings
from django.db import transaction

from newsletter.models import Issue
from newsletter.models.issues import slug_of
from newsletter.storing import import_text
from subscribers import muting, recording, subscribing, suppression
from subscribers.choices import Choices, Muted, write_choices
from subscribers.models import ConsentEvent, Source, Subscriber, Weekday

FOLDER = Path(__file__).resolve().parent / "samples"
# The day that the files call the newest.
ANCHOR = date(2026, 3, 5)
PUBLICATION = "Engineering @ Scale"
ISO_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")

SAMPLE = ConsentEvent.Origin.SAMPLE
PAUSED_FOR = timedelta(days=14)
MUTED_FOR = timedelta(days=muting.MUTE_DAYS)
FIVE_SOURCES = ("cloudflare", "aws-architecture", "hashicorp", "infoq", "stripe")


class BadSample(Exception):
    """A sample file could not be stored; the message has its diagnostics."""


@dataclass(frozen=True, slots=True)
class SampleIssue:
    """A file of the folder, and how many days before the newest its last day is."""

    file: str
    kind: str
    days_ago: int

    def slug(self, newest: date) -> str:
        return slug_of(self.kind, newest - timedelta(days=self.days_ago))

    def text(self, newest: date) -> str:
        """Return the file's text with its days moved, under this publication's name."""
        text = FOLDER.joinpath(self.file).read_text(encoding="utf-8")
        return dated(text, newest).replace(PUBLICATION, settings.PUBLICATION_NAME, 1)


ISSUES = (
    SampleIssue("daily-1.md", "daily", 2),
    SampleIssue("daily-2.md", "daily", 1),
    SampleIssue("daily-3.md", "daily", 0),
    SampleIssue("weekly.md", "weekly", 0),
)


@dataclass(frozen=True, slots=True)
class SampleReader:
    """Somebody made up, and what they chose."""

    address: str
    choices: Choices
    # Sources of which nothing shall come for some weeks.
    tired_of: tuple[str, ...] = ()
    paused: bool = False
    left: bool = False
    bounced: bool = False
    pending: bool = False

    @classmethod
    def only(cls, address: str, *slugs: str, time_zone: str = "UTC", hour: int = 7) -> Self:
        """Return a reader who takes just these sources."""
        choices = Choices(all_sources=False, source_slugs=slugs, time_zone=time_zone, hour=hour)
        return cls(address, choices)


READERS = (
    SampleReader("ada@example.com", Choices(time_zone="Europe/London")),
    SampleReader(
        "kemi@example.com", Choices(hour=5, time_zone="Africa/Lagos"), tired_of=("bytebytego",)
    ),
    # Words around the stories in German, and nothing of InfoQ's, whoever else has it.
    SampleReader(
        "lena@example.org",
        Choices(time_zone="Europe/Vienna", language="de", muted=(Muted("infoq"),)),
    ),
    SampleReader.only("ben@example.com", "infoq", time_zone="America/New_York"),
    SampleReader.only("chloe@example.org", *FIVE_SOURCES, time_zone="Europe/Paris", hour=8),
    # The same five: one variant serves both.
    SampleReader.only("jonas@example.org", *reversed(FIVE_SOURCES), time_zone="Europe/Berlin"),
    SampleReader.only(
        "li.wei@example.net",
        "github-engineering",
        "github-blog",
        "vercel",
        time_zone="Asia/Shanghai",
    ),
    # The blog's old name: the choice follows it to the present one.
    SampleReader.only("maya@example.net", "the-netflix-tech-blog", time_zone="America/Los_Angeles"),
    # Not one story of the samples is theirs.
    SampleReader.only("dmitri@example.org", "soundcloud-backstage", "brettterpstra"),
    SampleReader(
        "ines@example.test",
        Choices(
            wants_weekly=False,
            all_sources=False,
            source_slugs=("aws-ai", "aws-architecture", "aws-open-source"),
            hour=6,
            time_zone="Europe/Lisbon",
        ),
    ),
    SampleReader(
        "emi@example.test",
        Choices(wants_daily=False, weekday=Weekday.SUNDAY, hour=9, time_zone="Asia/Tokyo"),
    ),
    SampleReader("farid@example.test", Choices(time_zone="Asia/Dubai"), paused=True),
    SampleReader("greta@example.com", Choices(time_zone="Europe/Vienna"), left=True),
    SampleReader("hugo@example.net", Choices(), bounced=True),
    SampleReader("noor@example.com", Choices(time_zone="Asia/Karachi"), pending=True),
)


def dated(text: str, newest: date) -> str:
    """Return a sample's text with every day moved, so that the newest is ``newest``."""
    moved = newest - ANCHOR
    return ISO_DATE.sub(lambda day: (date.fromisoformat(day[0]) + moved).isoformat(), text)


def store_issues(newest: date) -> list[Issue]:
    """Store the sample issues that are not there yet, and return all of them in order.

    One that is there stays as it is, whatever became of it. Raises BadSample.
    """
    for sample in ISSUES:
        if Issue.objects.filter(slug=sample.slug(newest)).exists():
            continue
        stored = import_text(sample.text(newest))
        if stored.outcome == "refused":
            reasons = "; ".join(f"line {d.line}: {d.message}" for d in stored.diagnostics)
            raise BadSample(f"{sample.file}: {reasons}")
    by_slug = {issue.slug: issue for issue in Issue.objects.all()}
    return [by_slug[sample.slug(newest)] for sample in ISSUES]


def store_readers(now: datetime) -> int:
    """Store the sample readers that are not there yet, and return how many that were."""
    known = set(Subscriber.objects.values_list("email", flat=True))
    new = [sample for sample in READERS if sample.address not in known]
    for sample in new:
        store_reader(sample, now)
    return len(new)


@transaction.atomic
def store_reader(sample: SampleReader, now: datetime) -> Subscriber:
    """Store one reader with the consent events that a real one would have."""
    kinds = ConsentEvent.Kind
    active = not sample.pending
    reader = Subscriber.objects.create(
        email=sample.address,
        state=Subscriber.State.ACTIVE if active else Subscriber.State.PENDING,
        confirmed_at=now if active else None,
    )
    write_choices(reader, sample.choices, now=now)
    recording.record(reader, kinds.SUBSCRIBED, SAMPLE, now)
    # Nobody asked on a form, so nobody waits for a mail that asks to confirm.
    reader.consent_events.update(answered_at=now)
    if active:
        recording.record(reader, kinds.CONFIRMED, SAMPLE, now)
    if sample.tired_of:
        tired_of = Source.objects.filter(slug__in=sample.tired_of).values_list("pk", flat=True)
        until = (now + MUTED_FOR).date()
        muting.mute(reader.pk, tired_of, until=until, now=now, origin=SAMPLE)
    if sample.paused:
        # Counted from the day of storing, so that the pause is in force when samples go out.
        paused_until = (now + PAUSED_FOR).date()
        write_choices(reader, replace(sample.choices, paused_until=paused_until), now=now)
        recording.record(reader, kinds.CHANGED, SAMPLE, now)
    if sample.left:
        subscribing.unsubscribe(reader.pk, now=now, origin=SAMPLE)
    if sample.bounced:
        why = Subscriber.Suppression.BOUNCED
        suppression.suppress(reader.pk, why, now=now, origin=SAMPLE)
    return reader
