"""From lines to the parts of an issue: title, sections, and what stands outside them."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.parsing.fences import fenced
from newsletter.parsing.flowing import SENTENCE_END
from newsletter.parsing.headings import (
    HEADING_LENGTH,
    UNDERLINE,
    Heading,
    Part,
    Title,
    Unglued,
    heading_of,
    longer_part,
    opening_line,
    section_of,
    title_of,
    unmarked_section,
)
from newsletter.parsing.labels import fold, looks_like_label
from newsletter.parsing.openings import (
    is_story_line,
    strong_opening,
    weak_opening,
    without_list_marks,
)
from newsletter.parsing.sections import (
    BULLET,
    Section,
    near_part,
    tell_outside,
    tell_unknown,
    texts_below,
)
from newsletter.parsing.values import MOST_PARTS, Line, Report, excerpt

SECTION_LEVEL = 2
# So many unknown headings get a “did you mean”; a text with more of them is no digest.
MOST_SUGGESTED = 20


class Outline:
    """Splits the lines of a text into sections.

    ``strict`` is for canonical texts, where ``## `` at the margin alone begins a section.
    """

    def __init__(self, publication: str, report: Report, *, strict: bool) -> None:
        self.publication = publication
        self.report = report
        self.strict = strict
        self.title: tuple[int, Title] | None = None
        self.sections: list[Section] = []
        self.outside: list[Line] = []
        self.unknown = 0
        self.compared = 0

    def read(self, lines: Sequence[Line]) -> None:
        if not self.strict:
            glue = Unglued(self.publication)
            lines = [part for line in lines for part in glue.split(line, self.report)]
        inside, unclosed = fenced([line.text for line in lines])
        for index in unclosed:
            self.report.review(
                lines[index].number,
                "open-fence",
                f"Nothing closes the code that “{excerpt(lines[index].text)}” opens.",
                "Put the same marks on a line of their own where the code ends.",
            )
        self.skip_underline = False
        self.below = texts_below(lines)
        for index, (line, code) in enumerate(zip(lines, inside, strict=True)):
            self.at = index
            self.above = lines[index - 1].text.strip() if index else ""
            if len(self.sections) > MOST_PARTS:
                self.report.error(
                    line.number,
                    "too-many-sections",
                    f"There are more than {MOST_PARTS} sections; nothing was read from here on.",
                    "An issue has three to five. Is this the right file?",
                )
                break
            if not code and (self.read_title(line) or self.read_heading(line)):
                self.skip_underline = True
            elif self.skip_underline and not self.strict and UNDERLINE.match(line.text):
                self.skip_underline = False
            else:
                self.skip_underline = False
                if not code and self.reopens_stories(line):
                    self.open_stories(line)
                self.keep(line)
        tell_outside(self.outside, self.report)
        tell_unknown(self.sections, self.report)

    def keep(self, line: Line) -> None:
        if self.sections:
            self.sections[-1].lines.append(line)
        elif line.text.strip():
            self.outside.append(line)

    def reopens_stories(self, line: Line) -> bool:
        """Tell whether a story line stands where no story belongs, a list of sources say."""
        if self.strict or (not self.sections and self.title is None):
            return False
        part = self.sections[-1].part if self.sections else Part.SOURCES
        text = without_list_marks(line.text.strip())
        if part in (Part.STORIES, Part.TOP, Part.THREADS):
            return False
        if part is Part.SOURCES and text == line.text.strip():
            return is_story_line(text)
        return strong_opening(text) if text else False

    def open_stories(self, line: Line) -> None:
        weekly = self.title is not None and self.title[1].kind == "weekly"
        part = Part.TOP if weekly else Part.STORIES
        where = self.sections[-1].name if self.sections else ""
        self.sections.append(Section(part, line.number, ""))
        self.report.review(
            line.number,
            "story-outside",
            f"“{excerpt(line.text)}” looks like a story in "
            + (f"“{excerpt(where)}”" if where else "no section")
            + f"; it was read as one of “{part}”.",
            f"Put “{part}” on a line of its own above the stories.",
        )

    def read_title(self, line: Line) -> bool:
        """Take a line as the issue's title; a second one belongs to another issue."""
        if self.strict and not line.text.startswith("# "):
            return False
        title = title_of(line.text)
        if title is None:
            return False
        ours = fold(title.name) == fold(self.publication)
        if not ours and not line.text.startswith("#") and self.begun:
            return False
        before = self.title
        # A page may show a date like a title above the title itself.
        if before and ours and fold(before[1].name) != fold(self.publication) and not self.begun:
            self.title = None
        if self.title is None and not (self.strict and self.begun):
            self.title = (line.number, title)
            if not ours:
                self.report.warning(
                    line.number,
                    "other-publication",
                    f"The title names “{excerpt(title.name)}”, not “{self.publication}”.",
                    "The issue is stored under this publication's name.",
                )
            self.close_sources()
            return True
        if not ours:
            return False
        self.report.error(
            line.number,
            "second-title",
            "Here begins a second issue.",
            "Import each issue from a text of its own.",
        )
        return True

    @property
    def begun(self) -> bool:
        """Tell whether a section of the issue itself has begun."""
        return any(section.part is not Part.SOURCES for section in self.sections)

    def close_sources(self) -> None:
        """Lines after the title no longer belong to the list of sources before it."""
        if self.sections:
            self.sections.append(Section(Part.SOURCES, self.sections[-1].line, ""))

    def read_heading(self, line: Line) -> bool:
        """Begin a section if this line is the heading of one."""
        if self.strict:
            if not line.text.startswith(("## ", "##\t")):
                return False
            heading = Heading(SECTION_LEVEL, line.text[SECTION_LEVEL:].strip(), False)
            return self.begin(line, heading, section_of(heading.text))
        opening = opening_line(line.text)
        if opening:
            named, rest = opening
            self.begin(line, Heading(0, named.value, False), named)
            self.sections[-1].lines.append(Line(line.number, rest))
            return True
        part = unmarked_section(line.text)
        if part and self.is_torn(line):
            return False
        near = None if part else self.near_unmarked(line)
        if part or near:
            return self.begin(line, Heading(0, line.text.strip(), False), part, near)
        heading_or_none = heading_of(line.text)
        if heading_or_none is None:
            return False
        part = section_of(heading_or_none.text)
        # Headings above the title are the page's: they are reported with its other lines.
        above = self.title is None and not self.begun
        if part or (not above and self.is_unknown_section(heading_or_none)):
            return self.begin(line, heading_or_none, part)
        return False

    def begins_list(self) -> bool:
        """Tell whether “Sources” alone on a line has a list of names below it: it may also be
        a word that a page tore out of a sentence."""
        below = self.below[self.at]
        if self.title is None or not below or BULLET.match(below):
            return True
        return looks_like_label(below) and not is_story_line(below)

    def is_unknown_section(self, heading: Heading) -> bool:
        """Tell a heading of the page from one inside a story, and from other lines."""
        if weak_opening(heading.text) or len(heading.text) > HEADING_LENGTH:
            return False
        if self.sections and self.sections[-1].part is Part.THREADS and not heading.level:
            return False  # the title of a thread, with its permalink
        if heading.level:
            return heading.level <= SECTION_LEVEL
        return heading.has_permalink and not heading.text.endswith((".", "!", ","))

    def begin(
        self, line: Line, heading: Heading, part: Part | None, near: Part | None = None
    ) -> bool:
        """Begin the section that a heading names, or nearly names."""
        is_exact = part is not None
        part = part or near or self.near_part(line, heading)
        if part is None:
            # What stands there is read as stories, so that no line of it is lost to view.
            section = Section(Part.STORIES, line.number, heading.text or "?", is_known=False)
            self.sections.append(section)
            return True
        if is_exact and any(section.part is part and section.name for section in self.sections):
            self.report.review(
                line.number,
                "section-twice",
                f"“{excerpt(heading.text)}” stands here a second time; its text was added "
                "to the first.",
                "Keep one of them.",
            )
        self.sections.append(Section(part, line.number, heading.text or "?"))
        return True

    def near_unmarked(self, line: Line) -> Part | None:
        """Return the section that a short line without a mark nearly names, or names with more
        words: “Developing Threads & Signals”. Always reported."""
        text = line.text.strip()
        ended = not self.above or SENTENCE_END.search(self.above)
        if self.title is None or not ended or not looks_like_label(text) or heading_of(text):
            return None
        self.compared += 1
        near = near_part(text) if self.compared <= MOST_PARTS else None
        part = longer_part(text) or near
        if part and part is not Part.SOURCES:
            self.tell_near(line, text, part)
            return part
        return None

    def is_torn(self, line: Line) -> bool:
        """Tell whether a line that names a section rather belongs to the sentence around it."""
        below = self.below[self.at]
        inside = bool(self.above) and not SENTENCE_END.search(self.above) and below[:1].islower()
        torn = inside and bool(self.sections)
        if torn or (unmarked_section(line.text) is Part.SOURCES and not self.begins_list()):
            self.report.review(
                line.number,
                "word-like-a-heading",
                f"“{excerpt(line.text)}” was read as text, not as a heading.",
                "Put “## ” before it if it is a heading, or delete it.",
            )
            return True
        return False

    def near_part(self, line: Line, heading: Heading) -> Part | None:
        """Return the section that a heading nearly names; always reported."""
        self.unknown += 1
        part = near_part(heading.text) if self.unknown <= MOST_SUGGESTED else None
        if part:
            self.tell_near(line, heading.text, part)
        return part

    def tell_near(self, line: Line, text: str, part: Part) -> None:
        self.report.review(
            line.number,
            "unknown-section",
            f"“{excerpt(text)}” is no section of an issue; it was read as “{part}”.",
            f"Did you mean “{part}”?",
        )
