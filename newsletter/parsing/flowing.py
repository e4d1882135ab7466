"""Joining the lines of a copied page into paragraphs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from newsletter.parsing.fences import fenced
from newsletter.parsing.values import Line, Report, excerpt

# A line that begins with these was torn from the word before it.
TIGHT_AFTER = re.compile(r"[,.;:!?)\]’”]|-[^\W\d_]|'s\b")
TIGHT_BEFORE = ("(", "[", "“", "‘", "/")
ELLIPSIS_OR_OPTION = re.compile(r"\.{2,}|\.\w|:\w|--")
BLOCK = re.compile(r"(?:[-*+]|\d{1,3}[.)])\s|>|\||#{1,6}\s")
SENTENCE_END = re.compile(r"[.!?…][”’\"')\]*_`]*$")
# A line with fewer words is a torn piece of code, not a paragraph.
PARAGRAPH_WORDS = 6
FEWEST_HEADLINE_WORDS = 2
MARKED_STARTS = ("[", "**", "__")


Added = Literal["", "paragraph", "joined"]


class Flow:
    """Paragraphs out of lines: torn ones are joined, lists and code keep theirs."""

    def __init__(self) -> None:
        self.blocks: list[list[str]] = []
        self.is_open = False

    def add(self, line: Line, *, code: bool = False) -> Added:
        """Add a line; say whether it began a further paragraph or was joined in doubt."""
        text = line.text.rstrip() if code else line.text.strip()
        if not text and not code:
            self.is_open = False
            return ""
        kept = code or bool(BLOCK.match(text))
        if self.is_open and not kept and not self.begins_paragraph(text):
            last = self.blocks[-1][-1]
            doubtful = self.is_doubtful(text)
            self.blocks[-1].append(text if is_tight(last, text) else " " + text)
            return "joined" if doubtful else ""
        further = bool(self.blocks)
        if self.is_open and kept:
            self.blocks[-1].append("\n" + text)
        else:
            self.blocks.append([text])
        self.is_open = True
        return "paragraph" if further and not kept else ""

    def begins_paragraph(self, text: str) -> bool:
        """Tell whether a line cannot well be the rest of the one before it."""
        return self.ends_sentence and (
            text.startswith(MARKED_STARTS)
            or (starts_sentence(text) and word_count(text) >= PARAGRAPH_WORDS)
        )

    def is_doubtful(self, text: str) -> bool:
        """Tell whether a joined line could be a headline or a paragraph without its mark."""
        words = word_count(text)
        if not starts_sentence(text) or words < FEWEST_HEADLINE_WORDS:
            return False
        before = word_count(self.blocks[-1][-1])
        return self.ends_sentence or (words >= PARAGRAPH_WORDS and before >= FEWEST_HEADLINE_WORDS)

    @property
    def text(self) -> str:
        return "\n\n".join("".join(pieces) for pieces in self.blocks)

    @property
    def ends_sentence(self) -> bool:
        """Tell whether there is text and it ends as a paragraph does."""
        return bool(self.blocks and SENTENCE_END.search(self.blocks[-1][-1].rstrip()[-8:]))


def word_count(text: str) -> int:
    """Count words as far as it matters here."""
    return len(text.split(maxsplit=PARAGRAPH_WORDS))


def starts_sentence(text: str) -> bool:
    first = text.lstrip('“"‘(')[:1]
    return first.isalnum() and not first.islower()


def is_tight(before: str, after: str) -> bool:
    """Tell whether two torn lines belong together without a space."""
    if before.endswith(TIGHT_BEFORE):
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
