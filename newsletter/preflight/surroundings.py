"""What is wrong with an issue among the others: its dates, its neighbours, its readers."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.mailers import leaves_house
from newsletter.models import Issue, Story
from newsletter.models.issues import folded
from newsletter.preflight.content import place
from newsletter.preflight.findings import Finding
from newsletter.schedule import DAYS_A_WEEK
from newsletter.states import IssueState
from subscribers.models import Subscriber

# An issue of the day before yesterday is still news; older ones ask for confirmation.
LATE_AFTER = timedelta(days=2)
# Within so many days, the same story in two dailies is a repetition.
REPEAT_WINDOW = timedelta(days=14)


def days_around(day: date, window: timedelta) -> tuple[date, date]:
    """Return the days ``window`` before and after a day, or where the calendar ends."""
    first, last = date.min.toordinal(), date.max.toordinal()
    return (
        date.fromordinal(max(day.toordinal() - window.days, first)),
        date.fromordinal(min(day.toordinal() + window.days, last)),
    )


def repetition_findings(issue: Issue, stories: list[Story]) -> Iterator[Finding]:
    """Find stories of a daily that another daily near it has, by address or headline."""
    if issue.kind != Issue.Kind.DAILY or not stories:
        return
    others = (
        Story.objects.filter(
            issue__kind=Issue.Kind.DAILY,
            issue__period_end__range=days_around(issue.period_end, REPEAT_WINDOW),
        )
        .exclude(issue=issue)
        .exclude(issue__state=IssueState.CANCELLED)
        .order_by("issue__period_end", "position")
        .values_list("url", "headline", "issue__slug")
    )
    by_url: dict[str, str] = {}
    by_headline: dict[str, str] = {}
    for url, headline, slug in others:
        by_headline[folded(headline)] = slug
        if url:
            by_url[url] = slug
    for number, story in enumerate(stories, start=1):
        other = by_url.get(story.url) or by_headline.get(folded(story.headline))
        if other:
            yield Finding(
                "warning",
                "repeated_story",
                _("The same story stands in %(other)s.") % {"other": other},
                place(story, number),
                _("Delete it here, unless something new happened."),
                story.key,
            )


def period_findings(issue: Issue, now: datetime) -> Iterator[Finding]:
    """Find an issue that comes late, and a weekly whose range is odd."""
    age = timezone.localdate(now) - issue.period_end
    if age > LATE_AFTER:
        yield Finding(
            "warning",
            "late",
            ngettext("The issue is %(days)s day old.", "The issue is %(days)s days old.", age.days)
            % {"days": age.days},
            _("Period"),
            _("Approve it only if it shall still go out; you are asked to confirm."),
        )
    if issue.kind == Issue.Kind.WEEKLY:
        yield from range_findings(issue)


def range_findings(issue: Issue) -> Iterator[Finding]:
    """Compare a weekly's range with seven days and with the weeklies next to it."""
    days = (issue.period_end - issue.period_start).days + 1
    if days != DAYS_A_WEEK:
        yield Finding(
            "warning",
            "range_length",
            ngettext("The weekly covers %(days)s day.", "The weekly covers %(days)s days.", days)
            % {"days": days},
            _("Period"),
            _("A week has seven. Change the dates, unless this is what you mean."),
        )
    weeklies = (
        Issue.objects.of_kind(Issue.Kind.WEEKLY)
        .exclude(pk=issue.pk)
        .exclude(state=IssueState.CANCELLED)
    )
    before = weeklies.filter(period_end__lt=issue.period_end).order_by("-period_end").first()
    after = weeklies.filter(period_end__gt=issue.period_end).order_by("period_end").first()
    if before:
        yield from seam_findings(before.slug, before.period_end, issue.period_start)
    if after:
        yield from seam_findings(after.slug, issue.period_end, after.period_start)


def seam_findings(other: str, end: date, start: date) -> Iterator[Finding]:
    """Find days that two weeklies in a row both cover, or that neither does."""
    missing = (start - end).days - 1
    if missing == 0:
        return
    message = (
        ngettext(
            "%(days)s day between this weekly and %(other)s is in neither.",
            "%(days)s days between this weekly and %(other)s are in neither.",
            missing,
        )
        if missing > 0
        else ngettext(
            "%(days)s day is in this weekly and in %(other)s.",
            "%(days)s days are in this weekly and in %(other)s.",
            -missing,
        )
    )
    yield Finding(
        "warning",
        "range_gap" if missing > 0 else "range_overlap",
        message % {"days": abs(missing), "other": other},
        _("Period"),
        _("Move the first or the last day, unless this is what you mean."),
    )


def setting_findings(issue: Issue) -> Iterator[Finding]:
    """Find what the installation lacks, and an issue that nobody waits for."""
    if not settings.POSTAL_ADDRESS.strip():
        yield Finding(
            "warning",
            "no_postal_address",
            _("No postal address is set; many countries' laws want one in every mail."),
            _("Settings"),
            _("Set POSTAL_ADDRESS where Broadsheet runs and start it again."),
        )
    if leaves_house() and settings.BASE_HOST in settings.LOCAL_HOSTS:
        yield Finding(
            "warning",
            "local_links",
            _("Mail leaves this machine, but its links lead to %(url)s: nobody finds that.")
            % {"url": settings.BASE_URL},
            _("Settings"),
            _("Set BASE_URL to the address of the site and start Broadsheet again."),
        )
    if not Subscriber.objects.mailable().wanting(issue.kind).exists():
        yield Finding(
            "note",
            "no_reader",
            _("No reader takes this edition at present, so nobody would get it."),
            _("Readers"),
            _("Nothing to mend; the issue can still be read on the web."),
        )
