"""A day's allowance, and which day it is: the publication's, whatever workers' clocks show."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from newsletter import schedule
from newsletter.mailers import Mailer

A_DAY = timedelta(days=1)
# In a few zones clocks once went back at midnight, to a day that had ended; then, ask again.
ASK_AGAIN = timedelta(minutes=1)


def day_of(now: datetime) -> date:
    return now.astimezone(zone()).date()


def zone() -> ZoneInfo:
    return ZoneInfo(settings.PUBLICATION_TIME_ZONE)


def allowance(mailer: Mailer, day: date) -> int | None:
    """Return how many messages a mailer may begin on a day; None where nothing limits them."""
    limits = [] if mailer.per_day is None else [mailer.per_day]
    if mailer.warm_up is not None:
        limits.append(mailer.warm_up.allowance(day))
    return min(limits, default=None)


def counted(known: date | None, now: datetime) -> date:
    """Return the day on which messages are counted now; ``known`` is the last one counted.

    A clock that goes back over midnight does not begin the day again. One that was wrong by
    days does, because else a day in the far future would be counted on for as long.
    """
    today = day_of(now)
    return known if known is not None and known - today == A_DAY else today


def until_next(day: date, now: datetime) -> timedelta:
    """Return how long it is until the day after this one begins; never nothing."""
    return max(schedule.instant(day + A_DAY, 0, zone()) - now, ASK_AGAIN)
