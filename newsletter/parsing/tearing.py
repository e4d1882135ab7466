"""Story lines that a page tore apart: headlines at their code, by-lines at their separators."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from newsletter.parsing.fences import fenced
from newsletter.parsing.flowing import is_tight
from newsletter.parsing.labels import looks_like_label
from newsletter.parsing.openings import (
    HEADLINE_REACH,
    marked_headline,
    strong_opening,
    weak_opening,
    without_list_marks,
)
from newsletter.parsing.values import MOST_PARTS, Line, Report, excerpt

# Another story on the same line: only brackets and a marker together are sign enough.
INNER_STORY = re.compile(
    r"(?<=[\s.!?…”’\")。])(?:\*\*)?\[[^\[\]]{1,300}\](?:\*\*)?\s{0,3}·\s{0,3}[^·]{1,120}?\s{0,3}·"
    r"\s{0,3}(?:\[Source\]\(|Source\b)"
)
# What begins a headline in brackets, bold or not.
BRACKET = re.compile(r"(?:\*{1,3}|_{1,3})?\[")
# A line that begins or ends with these goes on with its neighbour.
BEGINS_JOINED = re.compile(r"·\s*(?=\S|$)|[&/](?=\s|$)")
ENDS_JOINED = re.compile(r"(?:\s·|[\]*_]·|\s[&/])$|^[·&/]$")
# A headline of nine words, each torn off.
MOST_TORN = 10


def mended(lines: Sequence[Line], report: Report) -> list[Line]:
    """Return the lines with torn story lines in one, at the number of their first line.

    Every join of a headline is reported; what may be something else is left as it is.
    """
    inside, _unclosed = fenced([line.text for line in lines])
    result: list[Line] = []
    index = 0
    while index < len(lines):
        end = index + 1
        line = lines[index]
        if not inside[index] and line.text.strip():
            line, end = mended_bracket(lines, index, report)
            line, end = mended_by_line(line, lines, end, report)
        result.append(line)
        index = end
    return result


def mended_bracket(lines: Sequence[Line], index: int, report: Report) -> tuple[Line, int]:
    """Join a headline whose bracket closes on a later line."""
    line = lines[index]
    text = without_list_marks(line.text.strip())
    if not BRACKET.match(text) or unclosed(text) <= 0:
        return line, index + 1
    end = index + 1
    torn = 0
    while end < len(lines) and torn < MOST_TORN and len(text) < HEADLINE_REACH:
        further = lines[end].text.strip()
        end += 1
        if not further:
            continue
        if strong_opening(further) and BRACKET.match(further):
            break
        torn += 1
        text = text + ("" if is_tight(text, further) else " ") + further
        if unclosed(text) <= 0:
            if marked_headline(text) or re.fullmatch(r"\S*\[.*\]\S*", text):
                for part in lines[index:end]:
                    tell_torn(part, text, report)
                return Line(line.number, text), end
            break
    return line, index + 1


def mended_by_line(line: Line, lines: Sequence[Line], end: int, report: Report) -> tuple[Line, int]:
    """Join what begins with a separator, or follows one, to the story line before it."""
    text = line.text.rstrip()
    torn = 0
    while torn < MOST_TORN and is_unfinished(text):
        at = next((i for i in range(end, len(lines)) if lines[i].text.strip()), None)
        if at is None:
            break
        further = lines[at].text.strip()
        below = lines[at + 1].text.strip() if at + 1 < len(lines) else ""
        goes_on = bool(BEGINS_JOINED.match(further) or ENDS_JOINED.search(text))
        # “· Company” in three pieces: the name's second half alone on the second line.
        goes_on = goes_on or (below.startswith("·") and looks_like_label(further))
        if not goes_on or (strong_opening(further) and not BEGINS_JOINED.match(further)):
            break
        torn += 1
        text = f"{text} {further}"
        tell_torn(lines[at], text, report)
        end = at + 1
    return (Line(line.number, text), end) if torn else (line, end)


def is_unfinished(text: str) -> bool:
    """Tell whether a line is a headline or a story line that has no body yet."""
    if len(text) > 2 * HEADLINE_REACH:
        return False
    bare = without_list_marks(text.strip())
    alone = bool(re.fullmatch(r"(?:\*\*|__)?\[.+\](?:\*\*|__)?", bare))
    return alone or strong_opening(bare) or weak_opening(bare) or bool(ENDS_JOINED.search(bare))


def unclosed(text: str) -> int:
    return text.count("[") - text.count("]")


def tell_torn(line: Line, text: str, report: Report) -> None:
    if line.text.strip():
        report.review(
            line.number,
            "torn-line",
            f"“{excerpt(line.text)}” was read as a part of the story line “{excerpt(text)}”.",
            "Put headline, company and “Source” on one line.",
        )


def separated(lines: Sequence[Line], report: Report) -> list[Line]:
    """Put stories that share a line on lines of their own."""
    result = []
    for line in lines:
        start = 0
        for found in islice(INNER_STORY.finditer(line.text), MOST_PARTS):
            before = line.text[start : found.start()].strip()
            if not without_list_marks(f"{before} ").strip():
                continue
            result.append(Line(line.number, before))
            start = found.start()
            report.review(
                line.number,
                "stories-on-one-line",
                f"A further story begins on this line: “{excerpt(line.text[start:])}”.",
                "Put every story on a line of its own.",
            )
        result.append(Line(line.number, line.text[start:]))
    return result
