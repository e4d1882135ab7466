"""A year's issues as a calendar has them: months, weeks and days. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Entry:
    """An issue on the last day of its period."""

    day: date
    slug: str
    line: str
    is_weekly: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A square of the calendar: a day of the month with its daily, or empty."""

    day: date | None
    daily: Entry | None


@dataclass(frozen=True, slots=True)
class Week:
    """A row of the calendar, with the weeklies whose period ended in it."""

    days: tuple[Day, ...]
    weeklies: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Month:
    first: date
    weeks: tuple[Week, ...]
    has_weeklies: bool


def months_of(entries: Iterable[Entry]) -> list[Month]:
    """Return the months that have an issue, in order; their weeks begin on Monday (ISO 8601)."""
    by_month: dict[date, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.day, entry.slug)):
        by_month.setdefault(entry.day.replace(day=1), []).append(entry)
    return [month_of(first, found) for first, found in by_month.items()]


def month_of(first: date, entries: Sequence[Entry]) -> Month:
    dailies = {entry.day: entry for entry in entries if not entry.is_weekly}
    weeklies = [entry for entry in entries if entry.is_weekly]
    rows = calendar.Calendar().monthdatescalendar(first.year, first.month)
    weeks = tuple(
        Week(
            days=tuple(
                Day(day, dailies.get(day)) if day.month == first.month else Day(None, None)
                for day in row
            ),
            weeklies=tuple(entry for entry in weeklies if entry.day in row),
        )
        for row in rows
    )
    return Month(first, weeks, bool(weeklies))
