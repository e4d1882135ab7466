"""Parsing: any form of a digest's text to one issue, with everything doubtful reported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from newsletter.parsing.bodies import read_body
from newsletter.parsing.checking import check_issue
from newsletter.parsing.cleaning import clean_lines, one_line
from newsletter.parsing.dating import period_of
from newsletter.parsing.drafts import Draft
from newsletter.parsing.flowing import SENTENCE_END, flowed
from newsletter.parsing.frontmatter import KEY_LINE, read_front_matter
from newsletter.parsing.headings import Part
from newsletter.parsing.headlines import bare_label
from newsletter.parsing.html_text import without_html
from newsletter.parsing.keys import unique_keys
from newsletter.parsing.labels import LabelTable
from newsletter.parsing.openings import is_story_line
from newsletter.parsing.outline import Outline
from newsletter.parsing.sections import BULLET, Section
from newsletter.parsing.stories import StoryReader
from newsletter.parsing.storykeys import LOOKS_LIKE_KEY, tell_unknown
from newsletter.parsing.threads import ThreadDraft, ThreadReader
from newsletter.parsing.values import (
    LABEL_LIMIT,
    Line,
    Parse,
    ParsedIssue,
    ParsedStory,
    ParsedThread,
    Report,
    excerpt,
)

# A digest of sixty stories with lists and code stays far below; more only costs time.
MOST_LINES = 100_000
PUBLICATION = "Engineering @ Scale"
CANONICAL_MARK = re.compile(r"#{2,3}(?:\s|$)")
# “The Batch | DeepLearning.AI | AI News & Insights” has eight words, “Yahoo!” ends like a
# sentence.
LONGEST_NAME = 4
# Replaced once the period is known.
NO_DAY = date.min
OPENING_KEYS = frozenset({"about"})

STORY_PARTS = (Part.STORIES, Part.TOP)


def parse_issue(
    text: str, *, labels: frozenset[str] = frozenset(), publication: str = PUBLICATION
) -> Parse:
    """Read an issue from a page's text, Markdown, canonical Markdown or HTML.

    ``labels`` are the company labels known so far; they decide where a label ends when the
    body follows on the same line. Nothing is raised for any text: what is wrong, guessed or
    left out is in the diagnostics, at its line. An issue with an ``error`` is not to be used.
    """
    report = Report()
    lines = clean_lines(text, report)
    if not any(line.text.strip() for line in lines):
        report.error(1, "empty", "The text is empty.", "Paste or name a digest's text.")
        return Parse(None, report.in_order())
    if len(lines) > MOST_LINES:
        report.error(
            MOST_LINES,
            "too-many-lines",
            f"The text has {len(lines)} lines; nothing was read after {MOST_LINES}.",
            "An issue has some hundreds. Is this the right file?",
        )
        lines = lines[:MOST_LINES]
    matter, lines = read_front_matter(lines, report)
    strict = matter is not None and any(CANONICAL_MARK.match(line.text) for line in lines)
    if not strict:
        lines = without_html(lines, report)
    outline = Outline(publication, report, strict=strict)
    outline.read(lines)
    period = period_of(matter, outline.title, report)
    reader = IssueReader(LabelTable(labels), report, strict=strict)
    issue = reader.read(outline.sections)
    if period is None:
        return Parse(None, report.in_order())
    subject = one_line(matter.get("subject")) if matter else ""
    issue = replace(
        issue, kind=period.kind, period_start=period.start, period_end=period.end, subject=subject
    )
    check_issue(issue, outline.sections, report)
    return Parse(issue, report.in_order())


class IssueReader:
    """Reads sections into an issue."""

    def __init__(self, table: LabelTable, report: Report, *, strict: bool) -> None:
        self.table = table
        self.report = report
        self.strict = strict
        self.about = ""

    def read(self, sections: Sequence[Section]) -> ParsedIssue:
        """Return the issue with everything but its period."""
        stories: list[Draft] = []
        threads: list[ThreadDraft] = []
        opening: list[str] = []
        patterns: list[str] = []
        listed: list[tuple[str, int]] = []
        for section in sections:
            if section.part in STORY_PARTS:
                stories += StoryReader(self.table, self.report, strict=self.strict).read(
                    section.lines
                )
            elif section.part is Part.THREADS:
                threads += ThreadReader(self.report, strict=self.strict).read(section.lines)
            elif section.part is Part.SOURCES:
                listed += self.listed(section)
            elif section.part is Part.PATTERNS:
                patterns.append(self.paragraph(section.lines, section.name))
            else:
                opening.append(self.opening(section))
        keys = unique_keys(
            one_line(name) for name in [*(d.headline for d in stories), *(d.title for d in threads)]
        )
        return ParsedIssue(
            kind="daily",
            period_start=NO_DAY,
            period_end=NO_DAY,
            opening="\n\n".join(filter(None, opening)),
            opening_about=self.about,
            stories=tuple(map(story_of, stories, keys)),
            threads=tuple(map(thread_of, threads, keys[len(stories) :])),
            patterns="\n\n".join(filter(None, patterns)),
            listed_sources=tuple(name for name, _line in listed),
            listed_lines=tuple(line for _name, line in listed),
        )

    def opening(self, section: Section) -> str:
        """Read Signal or Review, with its ``about:`` line straight under the heading."""
        lines = list(section.lines)
        while lines and (found := KEY_LINE.match(lines[0].text)):
            key = found["key"].lower()
            if key in OPENING_KEYS:
                self.about = one_line(found["value"] or "")
            elif self.strict and LOOKS_LIKE_KEY.match(lines[0].text):
                tell_unknown(lines[0], key, OPENING_KEYS, self.report)
            else:
                break
            del lines[0]
        return self.paragraph(lines, section.name)

    def paragraph(self, lines: Sequence[Line], name: str) -> str:
        """Read a section of running text; a page has one paragraph there."""
        if self.strict:
            return read_body([line.text for line in lines])
        return flowed(lines, name, self.report)

    def listed(self, section: Section) -> list[tuple[str, int]]:
        """Read the names in a list of sources; lines that are no names are reported."""
        lines = [line for line in section.lines if line.text.strip()]
        bullets = any(BULLET.match(line.text) for line in lines)
        names = []
        for line in lines:
            mark = BULLET.match(line.text)
            text = line.text[mark.end() if mark else 0 :]
            unmarked = not mark and (bullets or self.strict)
            if not section.name or unmarked or not (self.strict or could_be_name(text)):
                self.report.review(
                    line.number,
                    "text-outside",
                    f"“{excerpt(line.text)}” belongs to no section and was left out.",
                    "Move it into a section, or delete it.",
                )
                continue
            name = one_line(text if self.strict else bare_label(text))
            if name:
                names.append((name, line.number))
        return names


def could_be_name(text: str) -> bool:
    """Tell whether a line may be the name of a source and is not a sentence or a story."""
    return (
        len(text) <= LABEL_LIMIT
        and not is_story_line(text)
        and not (SENTENCE_END.search(text.rstrip()) and len(text.split()) > LONGEST_NAME)
    )


def story_of(draft: Draft, key: str) -> ParsedStory:
    keys = draft.keys
    return ParsedStory(
        key=key,
        headline=one_line(draft.headline),
        company=one_line(draft.company or keys.company),
        body=draft.body,
        url=keys.url,
        sources=keys.sources,
        unattributed=keys.unattributed,
        taken_from=keys.taken_from,
        line=draft.line,
    )


def thread_of(draft: ThreadDraft, key: str) -> ParsedThread:
    return ParsedThread(key=key, title=one_line(draft.title), body=draft.body, line=draft.line)
