"""From the lines of Developing Threads to titled paragraphs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from newsletter.parsing.bodies import read_body
from newsletter.parsing.fences import fenced
from newsletter.parsing.flowing import BLOCK, SENTENCE_END, Flow, tell_added
from newsletter.parsing.headings import heading_of, story_heading
from newsletter.parsing.headlines import EMPHASES, bare_headline
from newsletter.parsing.labels import OPENERS, SMALL_WORDS, LabelTable, Word, words_of
from newsletter.parsing.openings import (
    HEADLINE_REACH,
    LABEL_REACH,
    LIST_MARK,
    marked_headline,
    read_opening,
    source_marker,
    without_list_marks,
)
from newsletter.parsing.values import HEADLINE_LIMIT, MOST_PARTS, Line, Report, excerpt

BOLD_TITLE = re.compile(
    r"(\*\*|__|[*_](?=[^\s*_]))(?P<title>.{1,300}?)\1\s*(?P<rest>.*)$", re.DOTALL
)
BRACKETED = re.compile(r"\[(?P<title>[^\[\]]{1,300})\](?!\()[\s:.·—–-]*(?P<rest>.*)$", re.DOTALL)
# Between a title and its text, when both stand on one line.
JOINT = re.compile(r"\s*[·:.—–-]*\s*")
# What separates a title outright, where a page kept it.
DIVIDERS = (" · ", " — ", " – ")
# Titles seen have up to nine words.
LONGEST_TITLE_WORDS = 14


@dataclass(slots=True)
class ThreadDraft:
    """A thread that is being read."""

    line: int
    title: str
    flow: Flow = field(default_factory=Flow)
    verbatim: list[str] | None = None

    @property
    def body(self) -> str:
        return self.flow.text if self.verbatim is None else read_body(self.verbatim)


class ThreadReader:
    """Reads one section of threads."""

    def __init__(self, report: Report, *, strict: bool) -> None:
        self.report = report
        self.strict = strict
        self.drafts: list[ThreadDraft] = []

    def read(self, lines: Sequence[Line]) -> list[ThreadDraft]:
        inside, _unclosed = fenced([line.text for line in lines])
        for index, line in enumerate(lines):
            if len(self.drafts) > MOST_PARTS:
                self.report.error(
                    line.number,
                    "too-many-threads",
                    f"There are more than {MOST_PARTS} threads; nothing was read from here on.",
                    "A weekly has two or three. Is this the right file?",
                )
                break
            if inside[index]:
                self.add(line, code=True)
            elif not self.opens(line, lines, index):
                self.add(line)
        return self.drafts

    def opens(self, line: Line, lines: Sequence[Line], index: int) -> bool:
        title = story_heading(line.text) if self.strict else None
        if title is not None:
            self.drafts.append(ThreadDraft(line.number, title, verbatim=[]))
            return True
        if self.strict and self.drafts and self.drafts[-1].verbatim is not None:
            return False
        text = line.text.strip()
        if not text:
            return False
        if is_story_in(text):
            return self.begin_story_line(line)
        marked = marked_title(text)
        if marked and not self.is_bold_word(text, *marked):
            self.begin(line, *marked)
            return True
        return not self.continues(text) and self.begin_guessed(line, lines, index)

    def begin_story_line(self, line: Line) -> bool:
        """Read “[Title] · Company · Source Body” as a thread, whose company is dropped."""
        opening = read_opening(line.text, "", LabelTable(()))
        if opening is None:
            return False
        self.begin(line, opening.headline, opening.rest)
        self.report.review(
            line.number,
            "story-among-threads",
            f"A story line was read as the thread “{excerpt(opening.headline)}”; "
            f"“{excerpt(opening.company)}” was left out.",
            "Put it under “Top Stories” if it is a story.",
        )
        return True

    def is_bold_word(self, text: str, title: str, rest: str) -> bool:
        """Tell whether bold type at a paragraph's start is emphasis, with a thread above it."""
        is_bold = text.startswith(EMPHASES) and bool(rest) and bool(self.drafts)
        return is_bold and rest[0].islower() and not title.endswith((":", "."))

    def continues(self, text: str) -> bool:
        """Tell whether a line without marks goes on with the thread above it."""
        if not self.drafts:
            return False
        flow = self.drafts[-1].flow
        if not flow.blocks:
            return True  # the title stood alone, this is its body
        if BLOCK.match(text) or not (text[0].isalnum() or text[0] in '“"‘'):
            return True
        return not flow.ends_sentence or text[0].islower()

    def begin(self, line: Line, title: str, rest: str) -> None:
        self.drafts.append(ThreadDraft(line.number, title))
        if rest:
            self.drafts[-1].flow.add(Line(line.number, rest))

    def begin_guessed(self, line: Line, lines: Sequence[Line], index: int) -> bool:
        """Begin a thread whose title ends where it seems to; always reported."""
        text = line.text.strip()
        alone = len(text) <= HEADLINE_LIMIT and not SENTENCE_END.search(text)
        below = next((other for other in lines[index + 1 :] if other.text.strip()), None)
        if alone and below and len(text.split()) <= LONGEST_TITLE_WORDS and is_body(below.text):
            title, rest = text, ""
        else:
            title, rest = split_title(text)
        if not rest and self.drafts and len(text.split()) <= 1:
            return False
        self.begin(line, title, rest)
        self.report.review(
            line.number,
            "guessed-title",
            f"The thread's title was taken to be “{excerpt(title)}”, "
            f"its text to begin with “{excerpt(rest)}”.",
            "Write it as “### title”, a blank line and the text.",
        )
        return True

    def add(self, line: Line, *, code: bool = False) -> None:
        if not self.drafts:
            if line.text.strip():
                self.report.review(
                    line.number,
                    "text-outside",
                    f"“{excerpt(line.text)}” stands before the first thread and was left out.",
                    "Give it a title with “### ” before it, or delete it.",
                )
            return
        draft = self.drafts[-1]
        if draft.verbatim is not None:
            draft.verbatim.append(line.text)
            return
        tell_added(line, draft.flow.add(line, code=code), draft.title, self.report)


def is_story_in(text: str) -> bool:
    """Tell whether a line is a story line by a headline's marks and “· Source”."""
    bare = without_list_marks(text)
    return bool(marked_headline(bare) and source_marker(bare, HEADLINE_REACH + LABEL_REACH))


def is_body(text: str) -> bool:
    """Tell whether a line is a paragraph of its own and not the rest of the line above."""
    text = text.strip()
    return not text[0].islower() and text[0].isalnum() and len(text.split(maxsplit=6)) > 5


def marked_title(text: str) -> tuple[str, str] | None:
    """Return a title that bold type, brackets or a heading mark, and the text after it."""
    heading = heading_of(text)
    if heading:
        return bare_headline(heading.text)[0], ""
    mark = LIST_MARK.match(text)
    if mark and text[mark.end() :].startswith((*EMPHASES, "[")):
        text = text[mark.end() :]
    for pattern in (BOLD_TITLE, BRACKETED):
        found = pattern.match(text)
        if found:
            rest = found["rest"]
            joint = JOINT.match(rest)
            title = bare_headline(found["title"])[0].rstrip(":. ")
            return title, rest[joint.end() :] if joint else rest
    return None


def split_title(text: str) -> tuple[str, str]:
    """Split ``Title Body…``: the body begins at the last capitalised word that stands before
    two lower-case words; a divider or a colon in the opening words counts before that."""
    for divider in DIVIDERS:
        at = text.find(divider, 0, HEADLINE_LIMIT)
        if at > 0 and not SENTENCE_END.search(text[:at]):
            return text[:at].strip(), text[at + len(divider) :].strip()
    words = words_of(text)
    start = body_start(words)
    if not start:
        return text[:HEADLINE_LIMIT].strip(), text[HEADLINE_LIMIT:].strip()
    at = words[start].start
    return text[:at].strip().rstrip(":"), text[at:].strip()


def body_start(words: list[Word]) -> int:
    """Return the index of the word that the body begins with; 0 if there is no telling."""
    for index in range(1, len(words) - 2):
        if begins_sentence(words, index):
            return stepped_back(words, index)
    capitals = [index for index, word in enumerate(words) if word.is_capital and index]
    return (
        capitals[-1] if capitals and len(words) <= LONGEST_TITLE_WORDS else min(1, len(words) - 1)
    )


def stepped_back(words: list[Word], index: int) -> int:
    """Step back over “As …” and “Acme and …”: sentences begin so, and no title ends so."""
    before = words[index - 1]
    if index > 1 and before.is_capital and before.text.lower() in OPENERS:
        return index - 1
    return (
        index - 2
        if before.text in {"and", "&"} and index > 2 and words[index - 2].is_capital
        else index
    )


def begins_sentence(words: list[Word], index: int) -> bool:
    after = words[index + 1 : index + 3]
    return (
        words[index].is_capital
        and all(word.is_plain for word in after)
        # “The Rise of the Machines”: small words belong to titles.
        and not all(word.text in SMALL_WORDS for word in after)
    )
