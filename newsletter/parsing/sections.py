"""Sections of an issue, and what is said of those that it does not know."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from newsletter.parsing.frontmatter import LONGEST_COMPARED
from newsletter.parsing.headings import SECTION_NAMES, Part
from newsletter.parsing.labels import fold
from newsletter.parsing.openings import weak_opening
from newsletter.parsing.values import Line, Report, excerpt

BULLET = re.compile(r"\s*(?:[-*+•‣◦]|\d{1,3}[.)])\s+")
# Nearer than “did you mean” asks for, because text is moved by it.
CLOSE_ENOUGH = 0.8


@dataclass(slots=True)
class Section:
    """A part of the issue and its lines, the heading's not among them."""

    part: Part
    line: int
    name: str
    is_known: bool = True
    lines: list[Line] = field(default_factory=list)


def near_part(text: str) -> Part | None:
    """Return the section that a heading nearly names."""
    if len(text) > LONGEST_COMPARED:
        return None
    close = difflib.get_close_matches(fold(text), SECTION_NAMES, n=1, cutoff=CLOSE_ENOUGH)
    return SECTION_NAMES[close[0]] if close else None


def tell_unknown(sections: Sequence[Section], report: Report) -> None:
    """Report unknown sections: stories in them are kept, other text has no place."""
    for section in sections:
        if section.is_known:
            continue
        hint = "Known are " + ", ".join(part.value for part in Part) + "."
        if any(opens_story(line.text) for line in section.lines):
            report.review(
                section.line,
                "unknown-section",
                f"“{excerpt(section.name)}” is no section of an issue; its stories were "
                "added to the others.",
                hint,
            )
        else:
            report.error(
                section.line,
                "unknown-section",
                f"“{excerpt(section.name)}” is no section of an issue, and holds no story.",
                hint,
            )


def tell_outside(lines: Sequence[Line], report: Report) -> None:
    for line in lines:
        report.review(
            line.number,
            "text-outside",
            f"“{excerpt(line.text)}” stands before the first section and was left out.",
            "Move it into a section, or delete it.",
        )


def texts_below(lines: Sequence[Line]) -> list[str]:
    """Return for each line the next one that is not blank."""
    result, below = [""] * len(lines), ""
    for index in range(len(lines) - 1, -1, -1):
        result[index] = below
        below = lines[index].text.strip() or below
    return result


def opens_story(text: str) -> bool:
    return text.startswith("### ") or weak_opening(text)
