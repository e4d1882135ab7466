"""Joining the lines of a copied page into paragraphs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from newsletter.parsing.fences import fenced, with_closed_fences
from newsletter.parsing.values import Line, Report, excerpt

# A line that begins with these was torn from the word before it.
TIGHT_AFTER = re.compile(r"[,.;:!?)\]’”、。，！？；：）」』]|-[^\W\d_]|'s\b")
TIGHT_BEFORE = ("(", "[", "“", "‘", "/", "（", "「", "『")
ELLIPSIS_OR_OPTION = re.compile(r"\.{2,}|\.\w|:\w|--")
ITEM = re.compile(r"(?:[-*+]|\d{1,3}[.)])\s")
BLOCK = re.compile(ITEM.pattern + r"|>|\||#{1,6}\s")
# A line across the page, which parts stories.
RULE = re.compile(r"(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,}")
SENTENCE_END = re.compile(r"[.!?…。！？｡．؟۔।][”’\"')\]*_`」』）》]*$")
# Chinese and Japanese have no spaces between words.
SPACELESS = re.compile(r"[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
# Seen from a distance, a word has about so many of these characters.
SPACELESS_WORD = 2
# A line with fewer words is a torn piece of code, not a paragraph.
PARAGRAPH_WORDS = 6
FEWEST_HEADLINE_WORDS = 2
MARKED_STARTS = ("[", "**", "__")
# CommonMark: two spaces at a line's end break it, and so does a backslash.
HARD_BREAK = "  "
LEAST_INDENT = 2
LONGEST_TAIL = 300

Added = Literal["", "paragraph", "joined"]
Sort = Literal["", "text", "kept", "code"]


class Flow:
    """Paragraphs out of lines: torn ones are joined, lists and code keep theirs."""

    def __init__(self) -> None:
        self.blocks: list[list[str]] = []
        self.is_open = False
        self.last: Sort = ""
        self.base = 0
        self.breaks = False
        # Lines that follow a sentence's end and have none themselves, and where they begin.
        self.tail: list[Line] = []
        self.tail_at = (0, 0)

    def add(self, line: Line, *, code: bool = False) -> Added:
        """Add a line; say whether it began a further paragraph or was joined in doubt."""
        text = line.text.rstrip() if code else line.text.strip()
        if not code and (not text or RULE.fullmatch(text)):
            self.is_open = False
            return ""
        kept = code or bool(BLOCK.match(text))
        text = text if code else self.indented(line.text, text, kept=kept)
        sort: Sort = "code" if code else "kept" if kept else "text"
        if sort != self.last and not (self.last == "kept" and sort == "text"):
            glued = self.is_open and self.last == "text" and kept and not code
            doubtful = glued and not self.ends_sentence and not self.ends_with_colon
            self.is_open = False
            added = self.append(line, text, kept=kept)
            added = "joined" if doubtful else "" if code else added
        else:
            added = self.append(line, text, kept=kept)
        self.last = sort
        self.breaks = line.text.endswith(HARD_BREAK) and not code
        return added

    def append(self, line: Line, text: str, *, kept: bool) -> Added:
        ended = self.ends_sentence
        if self.is_open and not kept and not self.begins_paragraph(text):
            doubtful = self.is_doubtful(line)
            self.note_tail(line, ended=ended)
            last = self.blocks[-1][-1]
            if last.endswith("\\"):
                self.blocks[-1].append("\n" + text)
            else:
                self.blocks[-1].append(text if is_tight(last, text) else " " + text)
            return "joined" if doubtful else ""
        further = bool(self.blocks)
        if self.is_open and kept:
            self.blocks[-1].append("\n" + text)
            self.tail = []
        else:
            if kept or not self.is_open:
                self.tail = []
            else:
                self.note_tail(line, ended=ended)
            self.blocks.append([text])
        self.is_open = True
        return "paragraph" if further and not kept else ""

    def indented(self, raw: str, text: str, *, kept: bool) -> str:
        """Give nested list items, and further paragraphs of an item, their indentation."""
        lead = len(raw.expandtabs(4)) - len(raw.expandtabs(4).lstrip())
        in_list = self.last == "kept"
        if kept and ITEM.match(text):
            if not in_list:
                self.base = lead
            return " " * max(0, lead - self.base) + text
        deeper = lead - self.base
        if in_list and not self.is_open and deeper >= LEAST_INDENT:
            return " " * deeper + text
        return text

    def note_tail(self, line: Line, *, ended: bool) -> None:
        """Remember a line that may be torn from the headline below."""
        if ended:
            self.tail = []
            self.tail_at = (len(self.blocks), len(self.blocks[-1]))
        if ended or self.tail:
            self.tail.append(line)
        if SENTENCE_END.search(line.text.rstrip()[-8:]):
            self.tail = []

    def take_tail(self) -> str:
        """Remove the lines after the last sentence and return them as one."""
        block, piece = self.tail_at
        torn = "".join(self.blocks[block - 1][piece:])
        further = ["".join(pieces) for pieces in self.blocks[block:]]
        del self.blocks[block:]
        del self.blocks[block - 1][piece:]
        self.tail = []
        return " ".join(" ".join([torn, *further]).split())

    def begins_paragraph(self, text: str) -> bool:
        """Tell whether a line cannot well be the rest of the one before it."""
        return self.ends_sentence and (
            text.startswith(MARKED_STARTS)
            or (starts_sentence(text) and word_count(text) >= PARAGRAPH_WORDS)
        )

    def is_doubtful(self, line: Line) -> bool:
        """Tell whether a joined line could be a headline or a paragraph without its mark."""
        text = line.text.strip()
        if self.breaks or text.startswith("["):
            return True
        words = word_count(text)
        if not starts_sentence(text) or words < FEWEST_HEADLINE_WORDS:
            return False
        if self.last == "kept" and not line.text.startswith(HARD_BREAK):
            return True
        before = word_count(self.blocks[-1][-1])
        return self.ends_sentence or (words >= PARAGRAPH_WORDS and before >= FEWEST_HEADLINE_WORDS)

    @property
    def text(self) -> str:
        text = "\n\n".join("".join(pieces) for pieces in self.blocks)
        return with_closed_fences(text.rstrip())

    @property
    def ends_sentence(self) -> bool:
        """Tell whether there is text and it ends as a paragraph does."""
        return bool(self.blocks and SENTENCE_END.search(self.blocks[-1][-1].rstrip()[-8:]))

    @property
    def ends_with_colon(self) -> bool:
        return bool(self.blocks) and self.blocks[-1][-1].endswith((":", "："))


def word_count(text: str) -> int:
    """Count words as far as it matters here."""
    words = len(text.split(maxsplit=PARAGRAPH_WORDS))
    return words + len(SPACELESS.findall(text[:LONGEST_TAIL])) // SPACELESS_WORD


def starts_sentence(text: str) -> bool:
    first = text.lstrip('“"‘(「『（')[:1]
    return first.isalnum() and not first.islower()


def is_tight(before: str, after: str) -> bool:
    """Tell whether two torn lines belong together without a space."""
    if before.endswith(TIGHT_BEFORE) or (
        SPACELESS.match(before[-1:]) and SPACELESS.match(after[:1])
    ):
        return True
    return bool(TIGHT_AFTER.match(after) and not ELLIPSIS_OR_OPTION.match(after))


def flowed(lines: Sequence[Line], name: str, report: Report) -> str:
    """Return the text of a section that has one paragraph; what looks like more is told."""
    flow = Flow()
    inside, _unclosed = fenced([line.text for line in lines])
    for line, code in zip(lines, inside, strict=True):
        tell_added(line, flow.add(line, code=code), name, report)
    return flow.text


def tell_added(line: Line, added: Added, name: str, report: Report) -> None:
    """Report a line that may not belong to the text that it was added to."""
    if added == "paragraph":
        report.review(
            line.number,
            "further-paragraph",
            f"“{excerpt(line.text)}” was added to “{excerpt(name)}” as a paragraph.",
            "Give a story its separator (Headline · Company); delete what is not the digest's.",
        )
    elif added == "joined":
        report.review(
            line.number,
            "joined-line",
            f"“{excerpt(line.text)}” was joined to the line above it, in “{excerpt(name)}”.",
            "If a story begins here, give it its separator: Headline · Company.",
        )
