"""Front matter: flat ``key: value`` lines between two ``---``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from newsletter.parsing.values import Line, Report, excerpt

FENCE = "---"
KEY_LINE = re.compile(r"(?P<key>[A-Za-z][A-Za-z0-9_-]*)\s*:(?:\s+(?P<value>.*))?$")
KNOWN = frozenset({"kind", "date", "start", "end", "subject"})
# Closer than this is a slip of the keyboard (difflib's own default).
CLOSE_ENOUGH = 0.6
# Comparing costs time; a text with more slips than this is no digest.
LONGEST_COMPARED = 60


@dataclass(slots=True)
class Matter:
    """The keys at the head of a text, with their lines."""

    values: dict[str, tuple[int, str]] = field(default_factory=dict)
    end: int = 0

    def get(self, key: str) -> str:
        return self.values.get(key, (0, ""))[1]

    def line(self, key: str) -> int:
        return self.values.get(key, (1, ""))[0]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return “Did you mean …?” if something known is close, else nothing."""
    if len(word) > LONGEST_COMPARED:
        return ""
    close = difflib.get_close_matches(word.lower(), sorted(known), n=1, cutoff=CLOSE_ENOUGH)
    return f"Did you mean “{close[0]}”?" if close else ""


def read_front_matter(lines: list[Line], report: Report) -> tuple[Matter | None, list[Line]]:
    """Split front matter off; None if the text has none.

    A second ``---`` must follow; otherwise this is an error and nothing is taken for keys.
    """
    start = next((i for i, line in enumerate(lines) if line.text.strip()), len(lines))
    if start == len(lines) or lines[start].text.rstrip() != FENCE:
        return None, lines
    end = next(
        (i for i in range(start + 1, len(lines)) if lines[i].text.rstrip() in (FENCE, "...")), 0
    )
    if not end:
        report.error(
            lines[start].number,
            "open-front-matter",
            "The front matter has no end.",
            "Put a line with three hyphens under its last key.",
        )
        return None, lines[start + 1 :]
    matter = Matter(end=lines[end].number)
    for line in lines[start + 1 : end]:
        read_key(line, matter, report)
    return matter, lines[end + 1 :]


def read_key(line: Line, matter: Matter, report: Report) -> None:
    text = line.text.strip()
    if not text or text.startswith("#"):
        return
    found = KEY_LINE.match(text)
    key = found["key"].lower() if found else ""
    if not found:
        report.error(
            line.number,
            "bad-front-matter",
            f"“{excerpt(text)}” is no “key: value”.",
            "Front matter holds keys alone; texts stand below it.",
        )
    elif key not in KNOWN:
        report.error(
            line.number,
            "unknown-key",
            f"“{key}” is no key of an issue.",
            did_you_mean(key, KNOWN) or f"Known are {', '.join(sorted(KNOWN))}.",
        )
    elif key in matter.values:
        report.error(
            line.number, "key-twice", f"“{key}” stands here a second time.", "Keep one of them."
        )
    else:
        matter.values[key] = (line.number, " ".join((found["value"] or "").split()))
