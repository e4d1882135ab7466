"""All zones × every date of ten years × four hours: exactly one due time a period.

Twice: the coming ten years, and ten that are over, in which places changed their minds.
"""

from datetime import date, datetime
from time import monotonic
from zoneinfo import ZoneInfo

import pytest

from newsletter.schedule import instant
from tests.zones import HOURS, ZONES, dates, first_showing, stretches

DECADES = [(date(2026, 1, 1), date(2035, 12, 31)), (date(2008, 1, 1), date(2017, 12, 31))]


@pytest.mark.benchmark
@pytest.mark.parametrize(("first", "last"), DECADES)
def test_every_zone_has_one_due_time_a_date(first, last):
    began = monotonic()
    checked = gaps = left_out = changes = 0
    days = list(dates(first, last))
    for name in ZONES:
        zone, known = ZoneInfo(name), stretches(name, first, last)
        changes += len(known) - 1
        for hour in HOURS:
            before, moved = None, False
            for day in days:
                due = instant(day, hour, zone)
                wall = datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001  a wall's
                assert due == first_showing(wall, known), (name, day, hour)
                shown = due.astimezone(zone).replace(tzinfo=None)
                gaps += shown != wall
                # A date that the place left out is due at the first moment of the next.
                later = before is None or due > before or (moved and due == before)
                assert later, (name, day, hour)
                moved = shown.date() > day
                left_out += moved
                before = due
                checked += 1
    print(
        f"\n{first.year}-{last.year}: {len(ZONES)} zones, {changes:,} changes of clocks, "
        f"{checked:,} due times, {gaps:,} of them after a gap ({left_out} on the next date), "
        f"0 wrong, {monotonic() - began:.0f} s"
    )
