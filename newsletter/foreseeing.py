"""What a choice means: how much it brings, and the last issue as it would have come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from django.conf import settings

from newsletter.content import IssueContent
from newsletter.models import Issue, WebCopy
from subscribers.audience import Choice, together
from subscribers.choices import Choices
from subscribers.models import Source
from subscribers.zones import zone_named

WEEK = timedelta(days=7)
LOOKED_BACK = 4 * WEEK
# As many as can end within LOOKED_BACK: one a day, one a week.
ISSUES_LOOKED_AT = {"daily": 28, "weekly": 4}
# The stories of an archive's last four weeks are some 100 KB.
ARCHIVES_KEPT = 4
# What is only about right is not said to the last digit: from this many on in steps.
STEPS = ((100, 10), (20, 5))


@dataclass(frozen=True, slots=True)
class Line:
    """A story's headline, and whose story it is."""

    headline: str
    source_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class PastIssue:
    """What is kept of a public issue to foresee others by it."""

    pk: int
    kind: str
    start: date
    day: date
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class LastIssue:
    """The newest public issue through a choice; ``copy_id`` is its web copy's key."""

    copy_id: int
    kind: str
    day: date
    headlines: tuple[str, ...]
    total: int

    @property
    def hidden(self) -> int:
        return self.total - len(self.headlines)

    @property
    def comes(self) -> bool:
        """Tell whether a mail would have been sent: no daily is, without a story."""
        return bool(self.headlines) or self.kind == Issue.Kind.WEEKLY


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a choice means.

    ``sources`` counts those chosen and not muted, and is None for all of them; ``muted`` counts
    those that would come otherwise. ``a_week`` is how many stories came in a week on average,
    over LOOKED_BACK or as long as there have been issues, and None before the first one.
    ``last`` is None then too.
    """

    wants_any: bool
    sources: int | None
    muted: int
    a_week: float | None
    last: LastIssue | None

    @property
    def is_complete(self) -> bool:
        """Tell whether the choices could bring anything at all."""
        return self.wants_any and self.sources != 0

    @property
    def about(self) -> int:
        """The stories a week as one says them: 0 means fewer than one."""
        return rounded(self.a_week or 0.0)


def foresee(choices: Choices, *, now: datetime) -> Outlook:
    """Return what choices mean, by the public issues of the last weeks.

    The dailies tell, whose stories a weekly only repeats; whoever wants only the weekly is
    told by weeklies. Costs up to three short queries while the archive stays as it is.
    """
    today = local_day(now)
    wants_any = choices.wants_daily or choices.wants_weekly
    chosen, muted = frozenset(choices.source_slugs), muted_slugs(choices, today)
    kind = Issue.Kind.DAILY if choices.wants_daily or not wants_any else Issue.Kind.WEEKLY
    issues = past_issues(kind.value)
    choice = choice_in(choices, today)
    return Outlook(
        wants_any=wants_any,
        sources=None if choices.all_sources else len(chosen - muted),
        muted=len(muted if choices.all_sources else chosen & muted),
        a_week=stories_a_week(issues, choice, today),
        last=through(issues[0], choice) if issues else None,
    )


def local_day(now: datetime) -> date:
    """Return the publication's date."""
    return now.astimezone(zone_named(settings.PUBLICATION_TIME_ZONE)).date()


def muted_slugs(choices: Choices, today: date) -> frozenset[str]:
    return frozenset(
        muted.source_slug for muted in choices.muted if muted.until is None or muted.until >= today
    )


def choice_in(choices: Choices, today: date) -> Choice:
    """Return what choices say of stories, on a day."""
    muted = muted_slugs(choices, today)
    if choices.all_sources and not muted:
        return Choice.everything()
    groups = Source.objects.merge_groups()
    wanted = muted.union(choices.source_slugs)
    ids = dict(Source.objects.filter(slug__in=wanted).values_list("slug", "pk"))
    silent = together((ids[slug] for slug in muted if slug in ids), groups)
    if choices.all_sources:
        return Choice(all_sources=True, muted_ids=silent)
    chosen = together((ids[slug] for slug in choices.source_slugs if slug in ids), groups)
    return Choice(all_sources=False, source_ids=chosen - silent)


def past_issues(kind: str) -> tuple[PastIssue, ...]:
    """Return the newest public issues of a kind, as many as LOOKED_BACK can hold."""
    copies = WebCopy.objects.of_kind(kind).newest_first()[: ISSUES_LOOKED_AT[kind]]
    try:
        return read(tuple(copies.values_list("pk", "content_hash")))
    except LookupError:
        # In one query nothing comes between.
        rows = copies.values_list("pk", "content")
        return tuple(past_issue(pk, IssueContent.from_json(content)) for pk, content in rows)


@lru_cache(maxsize=ARCHIVES_KEPT)
def read(versions: tuple[tuple[int, str], ...]) -> tuple[PastIssue, ...]:
    """Read web copies, in the order given; raises LookupError where one has another hash."""
    copies = WebCopy.objects.filter(pk__in=[pk for pk, _hash in versions])
    contents = {
        (pk, version): content
        for pk, version, content in copies.values_list("pk", "content_hash", "content")
    }
    return tuple(
        past_issue(pk, IssueContent.from_json(contents[pk, version])) for pk, version in versions
    )


def past_issue(pk: int, content: IssueContent) -> PastIssue:
    return PastIssue(
        pk=pk,
        kind=content.kind,
        start=content.period_start,
        day=content.period_end,
        lines=tuple(Line(story.headline, frozenset(story.source_ids)) for story in content.stories),
    )


def stories_a_week(issues: tuple[PastIssue, ...], choice: Choice, today: date) -> float | None:
    """Return how many stories a choice left in a week, or None where there was no issue."""
    if not issues:
        return None
    recent = [issue for issue in issues if issue.day > today - LOOKED_BACK]
    taken = sum(choice.takes(line.source_ids) for issue in recent for line in issue.lines)
    # A publication that began last week has had one week to bring its stories in.
    age = today - issues[-1].start + timedelta(days=1)
    return taken / (min(max(age, WEEK), LOOKED_BACK) / WEEK)


def through(issue: PastIssue, choice: Choice) -> LastIssue:
    """Return an issue as a choice leaves it."""
    return LastIssue(
        copy_id=issue.pk,
        kind=issue.kind,
        day=issue.day,
        headlines=tuple(line.headline for line in issue.lines if choice.takes(line.source_ids)),
        total=len(issue.lines),
    )


def filtered(content: IssueContent, choice: Choice) -> IssueContent:
    """Return an issue with the stories that a choice leaves; its other parts are for everybody."""
    left = (story for story in content.stories if choice.takes(frozenset(story.source_ids)))
    return replace(content, stories=tuple(left))


def rounded(a_week: float) -> int:
    """Round an average as one says it: 4, 25, 130; 0 for anything below one."""
    if a_week < 1:
        return 0
    step = next((step for least, step in STEPS if a_week >= least), 1)
    # A half is rounded up: round() would make 2 of 2.5.
    return int(a_week / step + 0.5) * step
