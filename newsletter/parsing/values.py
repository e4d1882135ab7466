"""What parsing gives: an issue as plain values, and diagnostics with line numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

Level = Literal["error", "review", "warning"]
Kind = Literal["daily", "weekly"]

# The lengths that an issue can hold; the database's columns are as wide.
HEADLINE_LIMIT = 200
LABEL_LIMIT = 200
SUBJECT_LIMIT = 200
URL_LIMIT = 2000


class Line(NamedTuple):
    """A line of the text with its number there; the first is 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something to tell the editor. ``error`` blocks the import, the others do not.

    ``review`` marks a guess or a text put where it may not belong, ``warning`` the rest.
    """

    line: int
    level: Level
    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SourceRef:
    """A source that the text itself names for a story; unconfirmed if marked with ``?``."""

    slug: str
    confirmed: bool = True
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ParsedStory:
    """One story. ``key`` is unique in its issue; ``body`` is Markdown, ``headline`` plain.

    ``unattributed`` is an explicit “none of our sources”; without it, no ``sources`` means
    that the text does not say.
    """

    key: str
    headline: str
    company: str = ""
    body: str = ""
    url: str = ""
    sources: tuple[SourceRef, ...] = ()
    unattributed: bool = False
    taken_from: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ParsedThread:
    """One developing thread of a weekly."""

    key: str
    title: str
    body: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ParsedIssue:
    """A whole issue. A daily's start is its end; bodies are Markdown."""

    kind: Kind
    period_start: date
    period_end: date
    subject: str = ""
    opening: str = ""
    opening_about: str = ""
    stories: tuple[ParsedStory, ...] = ()
    threads: tuple[ParsedThread, ...] = ()
    patterns: str = ""
    listed_sources: tuple[str, ...] = ()
    listed_lines: tuple[int, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Parse:
    """The issue, as far as it could be read, and all that there is to say about the text.

    ``issue`` is None where not even kind and dates could be made out.
    """

    issue: ParsedIssue | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def has_errors(self) -> bool:
        return any(found.level == "error" for found in self.diagnostics)


class Report:
    """Collects diagnostics while a text is read: of each code the first ones, then a count."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self.counts: dict[tuple[Level, str], int] = {}
        self.last: dict[tuple[Level, str], int] = {}

    def error(self, line: int, code: str, message: str, hint: str = "") -> None:
        self.add(Diagnostic(line, "error", code, message, hint))

    def review(self, line: int, code: str, message: str, hint: str = "") -> None:
        self.add(Diagnostic(line, "review", code, message, hint))

    def warning(self, line: int, code: str, message: str, hint: str = "") -> None:
        self.add(Diagnostic(line, "warning", code, message, hint))

    def add(self, diagnostic: Diagnostic) -> None:
        kind = (diagnostic.level, diagnostic.code)
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self.counts[kind] <= MOST_OF_A_CODE:
            self.found.append(diagnostic)
        else:
            self.last[kind] = diagnostic.line

    def in_order(self) -> tuple[Diagnostic, ...]:
        """Return everything by line; what was found first on a line stays first."""
        rest = [
            Diagnostic(line, *kind, f"And so {self.counts[kind] - MOST_OF_A_CODE} more times.")
            for kind, line in self.last.items()
        ]
        return tuple(sorted([*self.found, *rest], key=lambda found: found.line))


# No digest has so many parts of one kind (seen are up to 31 stories); a text that has more
# is an error, and reading on would only cost time.
MOST_PARTS = 500
# So many diagnostics of one code are told one by one.
MOST_OF_A_CODE = MOST_PARTS
# A message quotes the text; more than this would hide the message itself.
EXCERPT_LENGTH = 60


def excerpt(text: str) -> str:
    """Return the start of a text, short enough to stand in a message."""
    short = " ".join(text[: 4 * EXCERPT_LENGTH].split())
    return short if len(short) <= EXCERPT_LENGTH else short[: EXCERPT_LENGTH - 1] + "…"
