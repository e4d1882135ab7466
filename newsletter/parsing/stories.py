"""From the lines of a section to stories."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from newsletter.parsing.bodies import read_body
from newsletter.parsing.fences import fenced
from newsletter.parsing.flowing import Flow, tell_added
from newsletter.parsing.headings import heading_of
from newsletter.parsing.labels import LabelTable, words_of
from newsletter.parsing.links import story_url
from newsletter.parsing.openings import (
    HEADLINE_REACH,
    LABEL_REACH,
    LIST_MARK,
    SENTENCE_END,
    SEPARATOR_RE,
    Opening,
    read_opening,
    source_marker,
    strong_opening,
    weak_opening,
)
from newsletter.parsing.storykeys import StoryKeys, read_keys
from newsletter.parsing.values import MOST_PARTS, Line, Report, excerpt

STORY_HEADING = re.compile(r"###(?:\s+|$)(?P<text>.*)$")
# Another story on the same line: only brackets and a marker together are sign enough.
INNER_STORY = re.compile(
    r"(?<=[\s.!?…”’\")])(?:\*\*)?\[[^\[\]]{1,300}\](?:\*\*)?\s{0,3}·\s{0,3}[^·]{1,120}?\s{0,3}·"
    r"\s{0,3}(?:\[Source\]\(|Source\b)"
)
SEPARATOR_HINT = (
    "Write it as “### headline” with “company:” under it, or mark the link with “· Source”."
)


@dataclass(slots=True)
class Draft:
    """A story that is being read."""

    line: int
    headline: str
    company: str = ""
    keys: StoryKeys = field(default_factory=StoryKeys)
    flow: Flow = field(default_factory=Flow)
    verbatim: list[str] | None = None

    @property
    def body(self) -> str:
        return self.flow.text if self.verbatim is None else read_body(self.verbatim)


class StoryReader:
    """Reads one section of stories, in canonical form, as story lines, or mixed."""

    def __init__(self, table: LabelTable, report: Report, *, strict: bool) -> None:
        self.table = table
        self.report = report
        self.strict = strict
        self.drafts: list[Draft] = []
        self.at_heading = False
        self.outside: list[Line] = []

    def read(self, lines: Sequence[Line]) -> list[Draft]:
        lines = self.separated(lines)
        inside, _unclosed = fenced([line.text for line in lines])
        for index, line in enumerate(lines):
            if len(self.drafts) > MOST_PARTS:
                self.tell_too_many(line.number)
                break
            if inside[index]:
                self.add(line, code=True)
            elif not self.opens(line, lines, index):
                self.add(line)
        self.tell_outside()
        return self.drafts

    def tell_too_many(self, number: int) -> None:
        self.report.error(
            number,
            "too-many-stories",
            f"There are more than {MOST_PARTS} stories; nothing was read from here on.",
            "An issue has some thirty. Is this the right file?",
        )

    def separated(self, lines: Sequence[Line]) -> list[Line]:
        """Put stories that share a line on lines of their own."""
        if self.strict:
            return list(lines)
        result = []
        for line in lines:
            start = 0
            for found in islice(INNER_STORY.finditer(line.text), MOST_PARTS):
                before = line.text[start : found.start()].strip()
                if not before or LIST_MARK.fullmatch(f"{before} "):
                    continue
                result.append(Line(line.number, before))
                start = found.start()
                self.report.review(
                    line.number,
                    "stories-on-one-line",
                    f"A further story begins on this line: “{excerpt(line.text[start:])}”.",
                    "Put every story on a line of its own.",
                )
            result.append(Line(line.number, line.text[start:]))
        return result

    def opens(self, line: Line, lines: Sequence[Line], index: int) -> bool:
        """Begin a story if this line does; tell whether it did."""
        text = line.text
        heading = STORY_HEADING.match(text) if self.strict else None
        if heading:
            self.begin_heading(line, heading["text"].strip())
            return True
        if self.strict and self.drafts and self.drafts[-1].verbatim is not None:
            return strong_opening(text) and self.begin_inside(line, lines, index)
        if not self.strict:
            loose = heading_of(text)
            if loose and loose.level and not weak_opening(loose.text):
                self.begin_heading(line, loose.text)
                return True
        if not (strong_opening(text.strip()) or weak_opening(text)) or self.goes_on(line):
            return False
        return self.begin(line, lines, index)

    def begin_inside(self, line: Line, lines: Sequence[Line], index: int) -> bool:
        self.report.review(
            line.number,
            "story-line-in-body",
            "A story line inside a body was read as a new story.",
            "Put one space before it if it belongs to the body.",
        )
        return self.begin(line, lines, index)

    def begin_heading(self, line: Line, headline: str) -> None:
        verbatim: list[str] = []
        self.drafts.append(Draft(line.number, headline, verbatim=verbatim))
        self.at_heading = True

    def begin(self, line: Line, lines: Sequence[Line], index: int) -> bool:
        opening = read_opening(line.text, self.following(lines, index), self.table)
        if opening is None:
            return False
        draft = Draft(line.number, opening.headline, opening.company)
        draft.keys.url = story_url(opening.url, line.number, self.report)
        self.drafts.append(draft)
        self.at_heading = False
        self.tell_doubts(line.number, opening)
        if opening.rest:
            draft.flow.add(Line(line.number, opening.rest))
            if SEPARATOR_RE.search(opening.rest):
                self.tell_separator(line.number)
        return True

    def tell_doubts(self, number: int, opening: Opening) -> None:
        for doubt in opening.doubts:
            self.report.review(
                number,
                "guessed-boundary",
                f"Headline “{excerpt(opening.headline)}”, company “{excerpt(opening.company)}”, "
                f"body “{excerpt(opening.rest)}”: {doubt}.",
                SEPARATOR_HINT,
            )

    def tell_separator(self, number: int) -> None:
        self.report.review(
            number,
            "separator-in-body",
            "The body holds a separator (·); another story may begin there.",
            "Put every story on a line of its own.",
        )

    def following(self, lines: Sequence[Line], index: int) -> str:
        """Return the next line if it is running text: a body that begins there."""
        for line in lines[index + 1 :]:
            text = line.text.strip()
            if not text:
                continue
            if STORY_HEADING.match(text) or strong_opening(text):
                return ""
            if weak_opening(text) and not SENTENCE_END.search(text[:HEADLINE_REACH]):
                return ""
            return text
        return ""

    def goes_on(self, line: Line) -> bool:
        """Tell whether a line with a separator rather goes on with the story above it."""
        text = line.text.strip()
        if not self.drafts or strong_opening(text):
            return False
        gap = SEPARATOR_RE.search(text[:HEADLINE_REACH])
        if gap is None:
            return True
        tail, before = text[gap.end() :], text[: gap.start()]
        flow = self.drafts[-1].flow
        known = bool(self.table.match(words_of(tail)))
        sentences = bool(SENTENCE_END.search(before))
        if known and flow.ends_sentence and not sentences:
            return False
        goes_on = sentences or (before[0].islower() and not flow.ends_sentence)
        if not flow.blocks:
            goes_on = sentences or not known
        if goes_on or not flow.ends_sentence or sentences:
            self.report.review(
                line.number,
                "doubtful-story-line",
                "A line with a separator (·) was read as "
                + ("a part of the story above it." if goes_on else "a new story."),
                SEPARATOR_HINT,
            )
        return goes_on

    def add(self, line: Line, *, code: bool = False) -> None:
        """Add a line to the story above it."""
        if not self.drafts:
            if line.text.strip():
                self.outside.append(line)
            return
        draft = self.drafts[-1]
        if draft.verbatim is None:
            tell_added(line, draft.flow.add(line, code=code), draft.headline, self.report)
        elif not (self.at_heading and not code and self.under_heading(draft, line)):
            self.at_heading = self.at_heading and not self.strict and not line.text.strip()
            draft.verbatim.append(line.text)

    def under_heading(self, draft: Draft, line: Line) -> bool:
        """Read a key line or, outside canonical texts, a by-line under a story's heading."""
        if read_keys(line, draft.keys, self.report, strict=self.strict):
            return True
        return not self.strict and not draft.company and self.by_line(draft, line)

    def by_line(self, draft: Draft, line: Line) -> bool:
        """Read “Company · Source” under a headline that stands in a heading."""
        text = f"[x] · {line.text.strip()}"
        opening = read_opening(text, "", self.table) if source_marker(text, LABEL_REACH) else None
        if opening is None or opening.rest or not opening.company:
            return False
        draft.company = opening.company
        draft.keys.url = draft.keys.url or story_url(opening.url, line.number, self.report)
        return True

    def tell_outside(self) -> None:
        for line in self.outside:
            self.report.review(
                line.number,
                "text-outside",
                f"“{excerpt(line.text)}” stands before the first story and was left out.",
                "Move it into a story, or delete it.",
            )
