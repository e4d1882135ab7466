"""From the lines of a section to stories."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.parsing.drafts import Draft
from newsletter.parsing.fences import fenced
from newsletter.parsing.flowing import starts_sentence, tell_added
from newsletter.parsing.headings import Heading, heading_of, story_heading
from newsletter.parsing.headlines import bare_headline, is_wrapped
from newsletter.parsing.labels import LabelTable, words_of
from newsletter.parsing.links import story_url
from newsletter.parsing.openings import (
    HEADLINE_REACH,
    LIST_MARK,
    SENTENCE_END,
    SEPARATOR_RE,
    Opening,
    is_code,
    marked_headline,
    read_by_line,
    read_opening,
    strong_opening,
    weak_opening,
)
from newsletter.parsing.storykeys import read_keys
from newsletter.parsing.tearing import mended, separated
from newsletter.parsing.values import MOST_PARTS, Line, Report, excerpt

STORY_LEVEL = 3
SEPARATOR_HINT = (
    "Write it as “### headline” with “company:” under it, or mark the link with “· Source”."
)


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
        if not self.strict:
            lines = mended(separated(lines, self.report), self.report)
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
        self.tell_nameless()
        return self.drafts

    def tell_too_many(self, number: int) -> None:
        self.report.error(
            number,
            "too-many-stories",
            f"There are more than {MOST_PARTS} stories; nothing was read from here on.",
            "An issue has some thirty. Is this the right file?",
        )

    def opens(self, line: Line, lines: Sequence[Line], index: int) -> bool:
        """Begin a story if this line does; tell whether it did."""
        text = line.text
        headline = story_heading(text) if self.strict else None
        if headline is not None:
            self.begin_heading(line, headline, STORY_LEVEL)
            return True
        if self.strict and self.drafts and self.drafts[-1].verbatim is not None:
            return strong_opening(text) and self.begin_inside(line, lines, index)
        if not self.strict:
            loose = heading_of(text)
            if loose and loose.level and (is_wrapped(loose.text) or not weak_opening(loose.text)):
                return self.begin_loose(line, loose)
            if self.at_heading and self.by_line(self.drafts[-1], line):
                return True
        # Torn behind the last word of its headline, “· Company …” stands alone.
        if self.drafts and self.drafts[-1].flow.tail and text.lstrip().startswith("·"):
            return self.begin(line, lines, index)
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

    def begin_loose(self, line: Line, heading: Heading) -> bool:
        """Begin a story at a heading of a text that is not canonical; deeper ones are bodies'."""
        above = self.drafts[-1].level if self.drafts else 0
        if above and heading.level > max(above, STORY_LEVEL):
            return False
        headline, url = bare_headline(heading.text)
        self.begin_heading(line, headline, heading.level)
        self.drafts[-1].keys.url = story_url(url, line.number, self.report)
        return True

    def begin_heading(self, line: Line, headline: str, level: int) -> None:
        verbatim: list[str] = []
        self.drafts.append(Draft(line.number, headline, level=level, verbatim=verbatim))
        self.at_heading = True

    def begin(self, line: Line, lines: Sequence[Line], index: int) -> bool:
        line = self.whole(line, lines, index)
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
            if story_heading(text) is not None or strong_opening(text):
                return ""
            if weak_opening(text) and not SENTENCE_END.search(text[:HEADLINE_REACH]):
                return ""
            return text
        return ""

    def whole(self, line: Line, lines: Sequence[Line], index: int) -> Line:
        """Give a headline back the words that a page tore off it, and that stand at the end of
        the body above; where that is not sure, say so."""
        text = line.text.strip()
        draft = self.drafts[-1] if self.drafts else None
        adjacent = index > 0 and bool(lines[index - 1].text.strip())
        tail = draft.flow.tail if draft else []
        if not (adjacent or tail) or LIST_MARK.match(text) or marked_headline(text):
            return line
        if draft and tail and (not starts_sentence(text) or is_code(tail[-1].text)):
            number = tail[0].number
            text = f"{draft.flow.take_tail()} {text}"
            for part in (number, line.number):
                self.tell_torn(part, f"was read as one story line: “{excerpt(text)}”")
            return Line(number, text)
        if self.outside or (draft and draft.flow.last == "text" and not draft.flow.ends_sentence):
            self.tell_torn(line.number, "may have its beginning on the line above")
        return line

    def tell_torn(self, number: int, what: str) -> None:
        self.report.review(
            number, "torn-headline", f"What stands here {what}.", "Put the headline on one line."
        )

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
        words = words_of(tail)
        known = bool(self.table.match(words))
        # Torn at code after a whole sentence: rather a headline and a name than a body.
        known = known or bool(flow.tail and words and not words[0].is_plain)
        sentences = bool(SENTENCE_END.search(before))
        in_list = bool(LIST_MARK.match(text)) and (flow.last == "kept" or flow.ends_with_colon)
        if known and (flow.ends_sentence or flow.tail) and not (sentences or in_list):
            return False
        goes_on = sentences or in_list or (before[0].islower() and not flow.ends_sentence)
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
            if not code and SEPARATOR_RE.match(f" {line.text.strip()}"):
                self.tell_separator(line.number)
            tell_added(line, draft.flow.add(line, code=code), draft.headline, self.report)
        elif not (
            self.at_heading
            and not code
            and read_keys(line, draft.keys, self.report, strict=self.strict)
        ):
            self.at_heading = self.at_heading and not self.strict and not line.text.strip()
            draft.verbatim.append(line.text)

    def by_line(self, draft: Draft, line: Line) -> bool:
        """Read “Company · Source”, or a company alone, under a headline in a heading."""
        found = None if draft.has_company else read_by_line(line.text, self.table)
        if found is None:
            return False
        draft.company = found.company
        draft.keys.url = draft.keys.url or story_url(found.url, line.number, self.report)
        for doubt in found.doubts:
            self.report.review(
                line.number,
                "guessed-by-line",
                f"“{excerpt(found.company)}”: {doubt}.",
                SEPARATOR_HINT,
            )
        if found.rest and draft.verbatim is not None:
            draft.verbatim.append(found.rest)
            self.at_heading = False
        return True

    def tell_nameless(self) -> None:
        """Report stories under headings that name no company; story lines are told before."""
        for draft in self.drafts:
            if not self.strict and draft.verbatim is not None and not draft.has_company:
                self.report.review(
                    draft.line,
                    "no-company",
                    f"“{excerpt(draft.headline)}” has no company.",
                    "Put “company: …” on the line under the headline.",
                )

    def tell_outside(self) -> None:
        for line in self.outside:
            self.report.review(
                line.number,
                "text-outside",
                f"“{excerpt(line.text)}” stands before the first story and was left out.",
                "Move it into a story, or delete it.",
            )
