"""A year's issues on a calendar."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from newsletter.calendars import Entry, months_of

YEAR = st.dates(date(2024, 1, 1), date(2024, 12, 31))


def daily(day):
    return Entry(day, f"daily-{day}", "line", is_weekly=False)


def weekly(day):
    return Entry(day, f"weekly-{day}", "line", is_weekly=True)


@given(st.sets(YEAR), st.sets(YEAR))
def test_every_issue_stands_on_the_calendar_once_and_in_its_place(dailies, weeklies):
    months = months_of([*map(daily, dailies), *map(weekly, weeklies)])
    assert [month.first for month in months] == sorted(
        {day.replace(day=1) for day in dailies | weeklies}
    )
    squares = [(month, week, day) for month in months for week in month.weeks for day in week.days]
    assert [day.daily.day for _, _, day in squares if day.daily] == sorted(dailies)
    assert all(day.day == day.daily.day for _, _, day in squares if day.daily)
    found = [entry.day for month in months for week in month.weeks for entry in week.weeklies]
    assert found == sorted(weeklies)


def test_weeks_begin_on_monday_and_are_whole():
    (month,) = months_of([daily(date(2024, 2, 29))])
    assert not month.has_weeklies
    assert all(len(week.days) == 7 for week in month.weeks)
    days = [day.day for week in month.weeks for day in week.days if day.day]
    assert days == [date(2024, 2, 1) + timedelta(n) for n in range(29)]
    assert {week.days[0].day.weekday() for week in month.weeks if week.days[0].day} == {0}
