"""When a message is due, and until when it is news: periods, hours and time zones.

A local hour that does not exist on a day (clocks go forward) becomes the first instant
after the gap; one that exists twice (clocks go back) is the first of the two.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

DAYS_A_WEEK = 7
# The first place on earth to see a day: UTC+14, Kiritimati.
EARLIEST_OFFSET = timedelta(hours=14)


def instant(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """Return the moment, in UTC, at which the clocks of a zone show this hour of this day."""
    wall = datetime.combine(day, time(hour), tzinfo=zone)
    moment = wall.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    return first_instant_after_gap(wall.replace(fold=1).astimezone(UTC), moment, zone)


def first_instant_after_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Find, to the second, when the offset changes between two moments in UTC."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def weekday_on_or_after(day: date, weekday: int) -> date:
    """Return the first day not before ``day`` that is this weekday (Monday is 0)."""
    return day + timedelta(days=(weekday - day.weekday()) % DAYS_A_WEEK)


def due_at(kind: str, period_end: date, *, hour: int, weekday: int, zone: ZoneInfo) -> datetime:
    """Return the moment at which a reader wants an issue, in UTC.

    A daily comes on the issue's own date, a weekly on the reader's weekday on or after the
    last day of its period.
    """
    day = period_end if kind == "daily" else weekday_on_or_after(period_end, weekday)
    return instant(day, hour, zone)


def deadline(kind: str, due: datetime) -> datetime:
    """Return until when a message may be begun that a reader was to get at a time."""
    daily, weekly = settings.DAILY_DEADLINE_HOURS, settings.WEEKLY_DEADLINE_HOURS
    return due + timedelta(hours=daily if kind == "daily" else weekly)


def earliest_due(period_end: date) -> datetime:
    """Return the first moment at which anybody on earth can want an issue of this date."""
    return datetime.combine(period_end, time.min, tzinfo=UTC) - EARLIEST_OFFSET
