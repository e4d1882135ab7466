"""Titles and section headings, in all the ways that texts mark them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import islice

from newsletter.parsing.labels import fold
from newsletter.parsing.values import MOST_PARTS, Kind, Line, Report


class Part(StrEnum):
    """What a section holds."""

    SIGNAL = "Signal of the Day"
    REVIEW = "Week in Review"
    STORIES = "Deep Dives"
    TOP = "Top Stories"
    THREADS = "Developing Threads"
    PATTERNS = "Patterns Across Companies"
    SOURCES = "Sources"


SECTION_NAMES = {fold(part.value): part for part in Part} | {
    "signal": Part.SIGNAL,
    "the signal of the day": Part.SIGNAL,
    "deep dive": Part.STORIES,
    "the week in review": Part.REVIEW,
    "top story": Part.TOP,
    "developing thread": Part.THREADS,
    "patterns": Part.PATTERNS,
    "source": Part.SOURCES,
}
# One word alone on a line is too little to be a heading without a mark.
UNMARKED = {fold(part.value) for part in Part}
LONG_NAMES = [part.value for part in Part if part is not Part.SOURCES]
ATX = re.compile(r"(?P<marks>#{1,6})(?:\s+|$)(?P<text>.*)")
# `#` or `¶` after the text is a permalink, but `C#` at the end of a line is a language.
PERMALINK = re.compile(r"(?P<text>.*?\S)\s*(?:\[[#¶§]\]\([^)\s]*\)|[#¶§])+\s*$")
LANGUAGE = re.compile(r"(?:^|[\s(/“\"])[A-Z]#$")
STORY_HEADING = re.compile(r"###(?:\s+|$)(?P<text>.*)$")
CLOSING_HASHES = re.compile(r"(?:^|(?<!\s)\s+)#+$")
EMPHASIS = re.compile(r"(\*\*|__)(?P<text>.+)\1$")
# “🔥 Deep Dives (2)”; the range holds the pictures and no letters.
DECORATION = re.compile(r"^[\u2190-\u2bff\U0001f000-\U0001faff\ufe0f\s]+")
COUNT = re.compile(r"(?<=\w)\s*\(\d{1,3}\)$")
UNDERLINE = re.compile(r"\s{0,3}(?:=+|-+)\s*$")
DATE = r"\d{4}(?:-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2})"
RANGE = r"(?:\s+(?:to|through|until)\s+|\s*[—–]\s*|\s+-\s+)"
TITLE = re.compile(
    rf"(?P<name>\S.*?)(?:\s*[—–―]+\s*|\s+-+\s+|\s*:\s+)(?:(?P<week>Week of)\s+)?(?P<start>{DATE})"
    rf"(?:{RANGE}(?P<end>{DATE}))?(?:\s+[|·]\s.*)?\s*$",
    re.IGNORECASE,
)
OPENING_NAMES = "|".join(part.value for part in (Part.SIGNAL, Part.REVIEW, Part.PATTERNS))
OPENING_LINE = re.compile(
    rf"\s{{0,3}}(?:#{{1,6}}\s+)?(?P<bold>\*\*|__)?(?P<name>{OPENING_NAMES})"
    r"(?(bold)(?:\s*:\s*(?P=bold)|(?P=bold)\s*:?)|\s*:)\s+(?=\S)",
    re.IGNORECASE,
)
# No heading is longer; patterns with two open ends may not run over longer lines.
HEADING_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Title:
    """A title as it stands in the text; dates are not yet checked. A weekly whose title names
    one day has no end."""

    name: str
    kind: Kind
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that is a heading: its level (0 without ``#`` before it) and its text."""

    level: int
    text: str
    has_permalink: bool


def heading_of(text: str) -> Heading | None:
    """Return the heading that a line marks with ``#`` before or behind it, if it does."""
    if len(text) > HEADING_LENGTH and not text.lstrip().startswith("#"):
        return None
    atx = ATX.match(text.strip())
    level = len(atx["marks"]) if atx else 0
    inner = (atx["text"] if atx else text).strip()
    bare = without_permalink(inner)
    if not atx and bare == inner:
        return None
    return Heading(level, without_emphasis(bare), bare != inner)


def without_permalink(text: str) -> str:
    """Drop a permalink's ``#`` from the end; ``C#`` stays."""
    if len(text) > HEADING_LENGTH or LANGUAGE.search(text):
        return text
    found = PERMALINK.match(text) if text.endswith(("#", "¶", "§", ")")) else None
    return found["text"] if found else text


def without_emphasis(text: str) -> str:
    found = EMPHASIS.match(text)
    return found["text"].strip() if found else text


def story_heading(text: str) -> str | None:
    """Return the headline that ``### `` at the margin marks in a canonical text.

    A run of ``#`` at its end is no part of it (CommonMark §4.2).
    """
    found = STORY_HEADING.match(text)
    return CLOSING_HASHES.sub("", found["text"].strip(), count=1).strip() if found else None


def written_heading(headline: str) -> str:
    """Return the line that ``story_heading`` reads as this headline."""
    return f"### {headline} #" if CLOSING_HASHES.search(headline) else f"### {headline}"


def section_of(text: str) -> Part | None:
    """Return the section that a heading's text names, whatever stands around the name."""
    if len(text) > HEADING_LENGTH:
        return None
    bare = re.sub(r"^[^\w]+|[^\w]+$", "", COUNT.sub("", text))
    return SECTION_NAMES.get(fold(bare))


def unmarked_section(text: str) -> Part | None:
    """Return the section that a line without any mark names exactly."""
    if len(text) > HEADING_LENGTH:
        return None
    bare = without_emphasis(text.strip().rstrip(":")).rstrip(":")
    bare = COUNT.sub("", DECORATION.sub("", bare))
    return SECTION_NAMES.get(fold(bare)) if fold(bare) in UNMARKED else None


def longer_part(text: str) -> Part | None:
    """Return the section whose whole name a line begins with."""
    folded = fold(text[:HEADING_LENGTH])
    return next(
        (SECTION_NAMES[fold(name)] for name in LONG_NAMES if folded.startswith(fold(name) + " ")),
        None,
    )


def opening_line(text: str) -> tuple[Part, str] | None:
    """Split “Signal of the Day: text”, or the same in bold, into the section and its text."""
    found = OPENING_LINE.match(text[:HEADING_LENGTH])
    return (SECTION_NAMES[fold(found["name"])], text[found.end() :]) if found else None


def title_of(text: str) -> Title | None:
    """Return the title that a heading's text or an unmarked line holds."""
    if len(text) > HEADING_LENGTH:
        return None
    bare = without_emphasis(without_permalink(re.sub(r"^#{1,6}\s+", "", text.strip())))
    found = TITLE.match(bare)
    if not found:
        return None
    kind: Kind = "weekly" if found["week"] or found["end"] else "daily"
    start, end = found["start"].replace("/", "-"), (found["end"] or "").replace("/", "-")
    return Title(found["name"].strip(), kind, start, end if kind == "weekly" else start)


def read_date(text: str) -> date | None:
    """Return the day that ``YYYY-MM-DD`` names, or None if the calendar has none."""
    found = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text.strip())
    if not found:
        return None
    try:
        return date(*(int(number) for number in found.groups()))
    except ValueError:
        return None


class Unglued:
    """Finds headings that stand on one line with a paragraph, before or after them."""

    def __init__(self, publication: str) -> None:
        names = "|".join(re.escape(name) for name in LONG_NAMES)
        title = rf"{re.escape(publication)}\s+[—–-]\s+(?:Week of\s+)?{DATE}(?:{RANGE}{DATE})?"
        # After a sentence's end, or marked by its permalink; at the line's start, the
        # paragraph must follow with a capital letter.
        self.pattern = re.compile(
            r"(?:^|(?<=[.!?…”’\")\]])|(?<=[.!?…”’\")\]]\s)|(?<=[^\s#]#\s))"
            rf"(?P<heading>{names}|{title})"
            rf"(?:#(?=\s|$|\[|[^\W\d_])|(?=\s*$)|(?=\s+[\[*“\"A-Z0-9]))"
            rf"|(?<=[.!?…”’\")\]])(?P<sources>Sources)#?(?=\s*$)"
        )

    def split(self, line: Line, report: Report) -> Iterator[Line]:
        """Yield the line, or its paragraphs and headings on lines of their own."""
        start = 0
        for found in islice(self.pattern.finditer(line.text), MOST_PARTS):
            before = line.text[start : found.start()].strip()
            if not before and not line.text[found.end() :].strip():
                continue
            heading = found["heading"] or found["sources"]
            report.review(
                line.number,
                "glued-heading",
                f"“{heading}” stands on one line with other text; it was read as a heading.",
                "Put every heading on a line of its own.",
            )
            if before:
                yield Line(line.number, before)
            yield Line(line.number, f"{heading}#")
            start = found.end()
        if start < len(line.text) or not line.text:
            yield Line(line.number, line.text[start:] if not start else line.text[start:].strip())
