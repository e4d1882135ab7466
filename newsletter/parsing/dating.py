"""The kind and the days of an issue, from front matter and title."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import cast

from newsletter.parsing.frontmatter import Matter
from newsletter.parsing.headings import Title, read_date
from newsletter.parsing.values import Kind, Report, excerpt

KINDS = ("daily", "weekly")
DAYS_A_WEEK = 7
# What the database takes for the day of an issue.
FIRST_YEAR, LAST_YEAR = 2000, 2100
DATE_HINT = "Dates are written as 2026-11-20, and must be in the calendar."


@dataclass(frozen=True, slots=True)
class Period:
    """Kind and days; a daily's start is its end."""

    kind: Kind
    start: date
    end: date


def period_of(
    matter: Matter | None, title: tuple[int, Title] | None, report: Report
) -> Period | None:
    """Return the issue's kind and days, or None (reported) where they cannot be known.

    Title and front matter may each be absent; where both speak, they must agree.
    """
    from_title = period_of_title(*title, report) if title else None
    from_matter = period_of_matter(matter, from_title, report) if matter else None
    if not title and not (matter and ({"date", "end"} & set(matter.values))):
        report.error(
            1,
            "no-title",
            "There is no title with a date.",
            "Begin with a line like “Engineering @ Scale — 2026-11-20”, or give “kind:” and "
            "“date:” in front matter.",
        )
    if from_title and from_matter and title and from_title != from_matter:
        report.error(
            title[0],
            "title-disagrees",
            f"The title says {shown(from_title)}, the front matter {shown(from_matter)}.",
            "Correct the one that is wrong.",
        )
    period = from_matter if matter and matter.values.keys() - {"subject"} else from_title
    if period and period.end < period.start:
        line = title[0] if title else 1
        report.error(
            line,
            "ends-before-start",
            f"The week ends ({period.end}) before it starts ({period.start}).",
            "Exchange the two dates, or correct one.",
        )
        return None
    if period and period.kind == "weekly":
        warn_of_length(period, title[0] if title else 1, report)
    return period


def shown(period: Period) -> str:
    if period.kind == "daily":
        return f"daily {period.end}"
    return f"weekly {period.start} to {period.end}"


def warn_of_length(period: Period, line: int, report: Report) -> None:
    days = (period.end - period.start).days + 1
    if days != DAYS_A_WEEK:
        report.warning(
            line,
            "not-seven-days",
            f"The week from {period.start} to {period.end} has {days} days.",
            "Nothing is wrong if that is meant.",
        )


def period_of_title(line: int, title: Title, report: Report) -> Period | None:
    if title.kind == "weekly" and not title.end:
        report.error(
            line,
            "no-end",
            "The title of a weekly names only one day.",
            "Write “Week of 2026-11-14 to 2026-11-20”.",
        )
        return None
    start = checked_date(title.start, line, report)
    end = checked_date(title.end, line, report) if title.end != title.start else start
    return Period(title.kind, start, end) if start and end else None


def checked_date(text: str, line: int, report: Report) -> date | None:
    day = read_date(text)
    if day is None:
        report.error(line, "bad-date", f"“{excerpt(text)}” is no date.", DATE_HINT)
    elif not FIRST_YEAR <= day.year <= LAST_YEAR:
        report.error(
            line,
            "bad-year",
            f"“{excerpt(text)}” is not between {FIRST_YEAR} and {LAST_YEAR}.",
            "Correct the year.",
        )
        return None
    return day


def period_of_matter(matter: Matter, from_title: Period | None, report: Report) -> Period | None:
    """Read ``kind``, ``date``, ``start`` and ``end``; what is missing the title may say."""
    if not matter.values.keys() - {"subject"}:
        return from_title
    kind = matter.get("kind").lower() or ("weekly" if "end" in matter.values else "daily")
    if kind not in KINDS:
        report.error(
            matter.line("kind"),
            "bad-kind",
            f"“{excerpt(kind)}” is no kind of issue.",
            "Write “kind: daily” or “kind: weekly”.",
        )
        return None
    wanted, others = (
        (("date",), ("start", "end")) if kind == "daily" else (("start", "end"), ("date",))
    )
    for key in others:
        if key in matter.values:
            report.error(
                matter.line(key),
                "key-of-other-kind",
                f"“{key}” does not belong to a {kind}.",
                "A daily has “date:”, a weekly has “start:” and “end:”.",
            )
            return None
    days = [day_of(matter, key, from_title, kind, report) for key in wanted]
    if None in days:
        return None
    return Period(cast(Kind, kind), cast(date, days[0]), cast(date, days[-1]))


def day_of(
    matter: Matter, key: str, from_title: Period | None, kind: str, report: Report
) -> date | None:
    """Return the day that a key says; without the key, the one that the title says."""
    if key in matter.values:
        return checked_date(matter.get(key), matter.line(key), report)
    if from_title and from_title.kind == kind:
        return from_title.start if key == "start" else from_title.end
    report.error(matter.line("kind"), "no-date", f"The front matter has no “{key}:”.", DATE_HINT)
    return None
