"""Joining the lines of a copied page into paragraphs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from newsletter.parsing.fences import fenced
from newsletter.parsing.values import Line

# A line that begins with these was torn from the word before it.
TIGHT_AFTER = re.compile(r"[,.;:!?)\]’”]|-[^\W\d_]|'s\b")
TIGHT_BEFORE = ("(", "[", "“", "‘", "/")
ELLIPSIS_OR_OPTION = re.compile(r"\.{2,}|\.\w|:\w|--")
BLOCK = re.compile(r"(?:[-*+]|\d{1,3}[.)])\s|>|\||#{1,6}\s")
SENTENCE_END = re.compile(r"[.!?…][”’\"')\]*_`]*$")
# A line with fewer words is a torn piece of code, not a paragraph.
PARAGRAPH_WORDS = 6


class Flow:
    """Paragraphs out of lines: torn ones are joined, lists and code keep theirs."""

    def __init__(self) -> None:
        self.blocks: list[list[str]] = []
        self.is_open = False
        self.extra: list[int] = []

    def add(self, line: Line, *, code: bool = False) -> None:
        """Add a line; ``extra`` collects the lines where a further paragraph begins."""
        text = line.text.rstrip() if code else line.text.strip()
        if not text and not code:
            self.is_open = False
            return
        if self.is_open and (code or BLOCK.match(text)):
            self.blocks[-1].append("\n" + text)
        elif self.is_open and not self.begins_paragraph(text):
            last = self.blocks[-1][-1]
            self.blocks[-1].append(text if is_tight(last, text) else " " + text)
        else:
            if self.blocks:
                self.extra.append(line.number)
            self.blocks.append([text])
        self.is_open = True

    def begins_paragraph(self, text: str) -> bool:
        """Tell whether a line cannot well be the rest of the one before it."""
        last = self.blocks[-1][-1].rstrip()
        return bool(
            SENTENCE_END.search(last[-8:])
            and not text[0].islower()
            and text[0].isalnum()
            and len(text.split(maxsplit=PARAGRAPH_WORDS)) >= PARAGRAPH_WORDS
        )

    @property
    def text(self) -> str:
        return "\n\n".join("".join(pieces) for pieces in self.blocks)

    @property
    def ends_sentence(self) -> bool:
        """Tell whether there is text and it ends as a paragraph does."""
        return bool(self.blocks and SENTENCE_END.search(self.blocks[-1][-1].rstrip()[-8:]))


def is_tight(before: str, after: str) -> bool:
    """Tell whether two torn lines belong together without a space."""
    if before.endswith(TIGHT_BEFORE):
        return True
    return bool(TIGHT_AFTER.match(after) and not ELLIPSIS_OR_OPTION.match(after))


def flowed(lines: Sequence[Line]) -> tuple[str, list[int]]:
    """Return the text of a section, and the lines where its further paragraphs begin."""
    flow = Flow()
    inside, _unclosed = fenced([line.text for line in lines])
    for line, code in zip(lines, inside, strict=True):
        flow.add(line, code=code)
    return flow.text, flow.extra


def numbered(lines: Sequence[Line]) -> str:
    """Return lines as they are, without blank ones around them."""
    return "\n".join(line.text for line in lines).strip("\n")
