"""Bodies as canonical texts hold them, and the one space that keeps them apart from headings.

In a canonical text a line at the margin that looks like a heading or a story line is one.
A body that holds such a line is written with one space before it, which Markdown renders
the same, and read without it. Fenced code is left alone.
"""

import re
from collections.abc import Callable, Sequence

from newsletter.parsing.cleaning import clean
from newsletter.parsing.fences import fenced, with_closed_fences
from newsletter.parsing.openings import strong_opening

STRUCTURE = re.compile(r"#{1,3}(?:\s|$)")


def is_structure(text: str) -> bool:
    """Tell whether a line at the margin would be read as a heading or a story line."""
    return bool(STRUCTURE.match(text)) or strong_opening(text)


def is_escaped(text: str) -> bool:
    return text.startswith(" ") and not text.startswith("  ") and is_structure(text[1:])


def trimmed(lines: Sequence[str]) -> str:
    """Join lines without the blank ones around them and the space at their end."""
    first = next((index for index, line in enumerate(lines) if line.strip()), len(lines))
    return "\n".join(lines[first:]).rstrip()


def outside_fences(lines: Sequence[str], change: Callable[[str], str]) -> list[str]:
    inside, _unclosed = fenced(lines)
    return [line if code else change(line) for line, code in zip(lines, inside, strict=True)]


def read_body(lines: Sequence[str]) -> str:
    """Return a body from its lines in a canonical text."""
    kept = outside_fences(lines, lambda line: line[1:] if is_escaped(line) else line)
    return with_closed_fences(trimmed(kept))


def written_body(body: str) -> str:
    """Return a normal body as it stands in a canonical text."""
    lines = outside_fences(
        body.split("\n"), lambda line: f" {line}" if is_structure(line) else line
    )
    return "\n".join(lines)


def normal_body(body: str) -> str:
    """Return the body that reading a canonical text would give: the normal form."""
    return read_body(clean(body).split("\n"))
