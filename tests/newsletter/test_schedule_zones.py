"""Every zone of the world has exactly one due time a period, whatever its clocks do.

The days around every change of clocks, in all zones; all days are in
tests/benchmarks/test_zones.py.
"""

import random
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from newsletter.schedule import instant
from tests.zones import DAY, HOURS, ZONES, dates, first_showing, stretches

FIRST, LAST = date(2026, 1, 1), date(2035, 12, 31)
# Drawn days a zone, besides those around its changes.
DRAWN = 20


def test_no_zone_is_left_out():
    assert len(ZONES) >= 590


def test_around_every_change_of_clocks_a_period_has_one_due_time():
    dice = random.Random(2026)
    every_day = list(dates(FIRST, LAST))
    changes = 0
    for name in ZONES:
        zone, known = ZoneInfo(name), stretches(name, FIRST, LAST)
        changes += len(known) - 1
        days = set(dice.sample(every_day, DRAWN))
        for stretch in known[1:]:
            days.update(stretch.wall.date() + number * DAY for number in range(-2, 3))
        for hour in HOURS:
            before = None
            for day in sorted(days):
                due = instant(day, hour, zone)
                wall = datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001  a wall's
                assert due == first_showing(wall, known), (name, day, hour)
                assert before is None or due > before, (name, day, hour)
                before = due
    assert changes > 3_000, "the clocks of most zones change twice a year"


@pytest.mark.parametrize(
    ("name", "day", "begins"),
    [
        ("Pacific/Apia", date(2011, 12, 30), datetime(2011, 12, 30, 10, tzinfo=UTC)),
        ("Pacific/Fakaofo", date(2011, 12, 30), datetime(2011, 12, 30, 11, tzinfo=UTC)),
        ("Pacific/Kwajalein", date(1993, 8, 21), datetime(1993, 8, 21, 12, tzinfo=UTC)),
    ],
)
def test_a_date_that_a_place_left_out_is_due_when_the_next_begins(name, day, begins):
    zone = ZoneInfo(name)
    assert {instant(day, hour, zone) for hour in range(24)} == {begins}
    assert begins.astimezone(zone).date() == day + DAY
    assert instant(day - DAY, 23, zone) < begins == instant(day + DAY, 0, zone)


def test_a_date_that_a_place_had_twice_is_due_on_the_first():
    # Kwajalein went from 30 September 1969 back to 30 September: from UTC+11 to UTC-12.
    zone = ZoneInfo("Pacific/Kwajalein")
    due = [instant(date(1969, 9, day), 12, zone) for day in (29, 30)]
    assert due == [datetime(1969, 9, day, 1, tzinfo=UTC) for day in (29, 30)]
