"""Phrases with numbers and dates in them, in the language that is active."""

from dataclasses import dataclass
from datetime import date

from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from newsletter.content import IssueContent
from newsletter.models import Issue
from newsletter.rendering.segments import Slot

# Formats of dates as Django's ``date`` filter reads them; other languages order them otherwise.
DAY = gettext_lazy("l, j F Y")
DAY_AND_YEAR = gettext_lazy("j F Y")
DAY_AND_MONTH = gettext_lazy("j F")
DAY_ALONE = gettext_lazy("j")
# In titles, as ``newsletter.models.issues.title_of`` makes them.
WEEK = gettext_noop("Week of %(start)s to %(end)s")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many stories a mail shows, of how many, how many a choice hid, how many did not fit."""

    shown: int
    total: int
    hidden: int = 0
    more: int = 0


class Phrases:
    """What an issue of so many stories says about its counts, in the language active now.

    The plural depends on the total alone, so that it is looked up once an issue.
    """

    def __init__(self, total: int) -> None:
        self.count = ngettext(
            "%(shown)d of %(total)d story", "%(shown)d of %(total)d stories", total
        )
        self.hidden = ngettext(
            "%(hidden)d of %(total)d story hidden by your choice",
            "%(hidden)d of %(total)d stories hidden by your choice",
            total,
        )
        self.more = _("%(more)d more on the web")

    def of(self, counts: Counts) -> dict[str, str]:
        """Return what the slots of a variant say."""
        return {
            Slot.COUNT: self.count % {"shown": counts.shown, "total": counts.total},
            Slot.HIDDEN: self.hidden % {"hidden": counts.hidden, "total": counts.total},
            Slot.MORE: self.more % {"more": counts.more},
        }


def period(start: date, end: date) -> str:
    """Return a day as "Friday, 20 November 2026", a range as "14–20 November 2026"."""
    if start == end:
        return date_format(end, str(DAY))
    last = date_format(end, str(DAY_AND_YEAR))
    if start.year != end.year:
        return f"{date_format(start, str(DAY_AND_YEAR))} – {last}"
    if start.month != end.month:
        return f"{date_format(start, str(DAY_AND_MONTH))} – {last}"
    return f"{date_format(start, str(DAY_ALONE))}–{last}"


def title(issue: Issue | IssueContent) -> str:
    """Return an issue's title with its words in the active language; it is kept in English."""
    dates = {"start": issue.period_start.isoformat(), "end": issue.period_end.isoformat()}
    return issue.title.replace(WEEK % dates, _(WEEK) % dates)


def kind_label(kind: str) -> str:
    return _("Weekly") if kind == "weekly" else _("Daily")


def opening_label(kind: str) -> str:
    return _("Week in Review") if kind == "weekly" else _("Signal of the Day")


def stories_label(kind: str) -> str:
    return _("Top Stories") if kind == "weekly" else _("Deep Dives")


def welcome(publication: str) -> str:
    """Return what a new reader's first mail says before anything else."""
    return _(
        "Welcome to %(publication)s. This is the latest issue, with just the stories of the "
        "sources you chose. From now on issues come at your hour; your choices and the way out "
        "stand at the end of every mail."
    ) % {"publication": publication}


def because(kind: str) -> str:
    """Return why somebody gets a mail, before a line with their address."""
    if kind == "weekly":
        return _("You get this because this address subscribed to the weekly:")
    return _("You get this because this address subscribed to the daily:")


def credit(sources: str) -> str:
    """Return who wrote about a story, as "via InfoQ"; "" where nobody else did."""
    return _("via %(sources)s") % {"sources": sources} if sources else ""
