"""What keeps an issue from reaching everybody in time: the limits of the mailers."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from newsletter.preflight.findings import Finding

AN_HOUR = timedelta(hours=1)

grouped = partial(number_format, force_grouping=True)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What sending an issue comes to, by the mailers' limits; None where there is no such limit.

    ``room`` is what all mailers may send on the issue's ``day``. ``longest`` is how long its
    messages take at least, of all readers or of those at one mail ``domain``; they are given
    up ``patience`` after their time.
    """

    readers: int
    day: date
    room: int | None
    longest: timedelta | None
    domain: str
    patience: timedelta


def pace_findings(outlook: Outlook) -> Iterator[Finding]:
    """Find an issue that has more readers than messages may leave, in a day or in time."""
    if outlook.room is not None and outlook.readers > outlook.room:
        yield more_than_a_day(outlook, outlook.room)
    if outlook.longest is not None and outlook.longest > outlook.patience:
        yield too_slow(outlook, outlook.longest)


def more_than_a_day(outlook: Outlook, room: int) -> Finding:
    return Finding(
        "warning",
        "more_than_a_day",
        _("%(readers)s readers take this edition; on %(day)s at most %(room)s mails may leave.")
        % {
            "readers": grouped(outlook.readers),
            "day": date_format(outlook.day),
            "room": grouped(room),
        },
        _("Settings"),
        _(
            "The other mails wait for the next day, and are given up %(patience)s h after their "
            "time. Raise the limit of a mailer, or add another mailer."
        )
        % {"patience": hours(outlook.patience)},
    )


def too_slow(outlook: Outlook, longest: timedelta) -> Finding:
    what = (
        _(
            "At the rates that are set, it takes at least %(hours)s h until all readers at "
            "%(domain)s have it."
        )
        if outlook.domain
        else _(
            "At the rates that are set, it takes at least %(hours)s h until all readers have it."
        )
    )
    return Finding(
        "warning",
        "too_slow",
        what % {"domain": outlook.domain, "hours": hours(longest)},
        _("Settings"),
        _(
            "What was not sent %(patience)s h after its time is given up. Raise the rate of a "
            "mailer, or add another mailer."
        )
        % {"patience": hours(outlook.patience)},
    )


def hours(span: timedelta) -> str:
    return grouped(math.ceil(span / AN_HOUR))
