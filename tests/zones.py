"""When the clocks of a zone first show an hour, found without the code that is tested."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
ZONES = sorted(available_timezones())
# Midnight and the last hour, and the two in which most clocks are changed.
HOURS = (0, 2, 3, 23)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time during which a zone's clocks are the same distance from UTC; naive moments."""

    begin: datetime
    offset: timedelta

    @property
    def wall(self) -> datetime:
        """What the clocks show at its beginning."""
        return self.begin + self.offset


def stretches(zone: str, first: date, last: date) -> list[Stretch]:
    """Return a zone's stretches from two days before ``first`` to two days after ``last``.

    Clocks are looked at once a day, and a change is then found to the second.
    """
    clocks = ZoneInfo(zone)

    def offset_at(moment: datetime) -> timedelta:
        return (clocks.utcoffset(moment.replace(tzinfo=UTC).astimezone(clocks))) or timedelta(0)

    at = datetime.combine(first, time.min) - 2 * DAY
    end = datetime.combine(last, time.min) + 2 * DAY
    found = [Stretch(at, offset_at(at))]
    while at < end:
        then = offset_at(at + DAY)
        if then != found[-1].offset:
            before, after = at, at + DAY
            while after - before > SECOND:
                middle = before + (after - before) // (2 * SECOND) * SECOND
                if offset_at(middle) == found[-1].offset:
                    before = middle
                else:
                    after = middle
            found.append(Stretch(after, then))
        at += DAY
    return found


def first_showing(wall: datetime, known: list[Stretch]) -> datetime:
    """Return the first moment, in UTC, at which the clocks show ``wall`` or more.

    This is all of the rule: of an hour that comes twice it is the first, and after a gap, or
    a day that was left out, the gap's end.
    """
    for stretch, following in zip(known, [*known[1:], None], strict=True):
        moment = max(wall - stretch.offset, stretch.begin)
        if following is None or moment < following.begin:
            return moment.replace(tzinfo=UTC)
    raise AssertionError("the last stretch has no end")


def dates(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + number * DAY
