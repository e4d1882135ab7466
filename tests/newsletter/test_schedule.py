"""Due times in readers' zones."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.schedule import due_at, earliest_due, instant, weekday_on_or_after

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = sorted(available_timezones() - {"localtime"})
days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
hours = st.integers(0, 23)
zones = st.sampled_from(ZONES).map(ZoneInfo)


def test_a_daily_is_due_at_the_readers_hour_on_the_issues_date():
    due = due_at("daily", date(2026, 11, 20), hour=7, weekday=0, zone=BERLIN)
    assert due == datetime(2026, 11, 20, 6, tzinfo=UTC)


def test_a_weekly_is_due_on_the_readers_weekday_on_or_after_its_last_day():
    friday = date(2026, 11, 20)
    zone = ZoneInfo("UTC")
    due = [due_at("weekly", friday, hour=8, weekday=day, zone=zone).date() for day in (4, 5, 3)]
    assert due == [date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 26)]


def test_an_hour_that_the_clocks_skip_becomes_the_first_instant_after_the_gap():
    assert instant(date(2026, 3, 29), 2, BERLIN) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_an_hour_that_comes_twice_is_the_first_of_the_two():
    assert instant(date(2026, 10, 25), 2, BERLIN) == datetime(2026, 10, 25, 0, tzinfo=UTC)


def test_a_gap_that_begins_at_half_past_ends_at_its_own_end():
    # Toronto, 1919-03-30: from 23:30 to 00:30 of the next day.
    toronto = ZoneInfo("America/Toronto")
    assert instant(date(1919, 3, 31), 0, toronto) == datetime(1919, 3, 31, 4, 30, tzinfo=UTC)


def test_a_day_that_never_was_is_due_when_the_next_one_begins():
    # Samoa went from 29 to 31 December 2011.
    apia = ZoneInfo("Pacific/Apia")
    due = instant(date(2011, 12, 30), 7, apia)
    assert due == datetime(2011, 12, 30, 10, tzinfo=UTC)
    assert due.astimezone(apia).date() == date(2011, 12, 31)


@given(day=days, hour=hours, zone=zones)
def test_the_clocks_show_the_hour_or_have_just_skipped_it(day, hour, zone):
    moment = instant(day, hour, zone)
    shown = moment.astimezone(zone)
    if (shown.date(), shown.hour, shown.minute) == (day, hour, 0):
        return
    before = (moment - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
    assert before < datetime.combine(day, time(hour)) < shown.replace(tzinfo=None)


@given(day=days, hour=hours, zone=zones)
def test_nobody_on_earth_wants_an_issue_before_it_is_planned(day, hour, zone):
    assert due_at("daily", day, hour=hour, weekday=0, zone=zone) >= earliest_due(day)


@given(day=days, weekday=st.integers(0, 6))
def test_the_weekday_is_found_within_a_week(day, weekday):
    found = weekday_on_or_after(day, weekday)
    assert found.weekday() == weekday
    assert timedelta(0) <= found - day < timedelta(days=7)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Apia"])
def test_a_year_of_dailies_gives_one_due_time_a_day(zone):
    start = date(2026, 1, 1)
    due = [instant(start + timedelta(days=n), 2, ZoneInfo(zone)) for n in range(365)]
    assert due == sorted(set(due))
