"""A walk through HTML that collects the Markdown lines which show the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from newsletter.parsing.html_marks import marked, web_address
from newsletter.parsing.html_tags import (
    BLOCKS,
    HEADINGS,
    MARKS,
    PLAIN,
    SILENT,
    SKIPPED,
    TELLING,
    VOID,
)
from newsletter.parsing.links import LOST, is_web_address
from newsletter.parsing.values import Line, Report, excerpt

# Deeper nesting than this is no page; what stands deeper is still read, as plain text.
DEEPEST = 100
# What Markdown would read as marks, though the page shows it as characters.
MARKDOWN = re.compile(
    r"\\(?=[!-/:-@\[-`{-~])|\*(?=\S)|(?<=\S)\*|`|(?<![^\W_])_+|_+(?![^\W_])|\](?=\()"
    r"|&(?=#?\w{1,32};)"
)
# The same at the beginning of a paragraph; a story line may begin like a list.
BLOCK_MARK = re.compile(r"^(?:(?=#{1,6}\s|>|[-+*]\s|~~~|(?:-\s?){3,}$)|\d{1,9}(?=[.)]\s))")
SHORTEST_FENCE = 3


@dataclass(slots=True)
class Container:
    """A quote or a list item: what stands before its first line and before the others."""

    tag: str
    first: str
    rest: str
    begun: bool = False


class Converter(HTMLParser):
    """Collects Markdown lines while the parser walks through a page.

    Scripts and styles go (the former reported); a link that leads nowhere is its text.
    """

    def __init__(self, first_line: int, report: Report) -> None:
        super().__init__(convert_charrefs=True)
        self.report = report
        self.lines_before = first_line - 1
        self.lines: list[Line] = []
        self.pieces: list[str] = []
        self.started = first_line
        self.blocks: list[str] = []
        self.containers: list[Container] = []
        self.numbers: list[int] = []
        self.skipping: list[str] = []
        self.hidden_told = False
        self.links: list[tuple[str, int]] = []
        self.marks: list[tuple[str, str, int]] = []
        self.fence: int | None = None
        self.heading = ""
        self.gap_before = False

    @property
    def line_number(self) -> int:
        return self.getpos()[0] + self.lines_before

    def finished(self) -> list[Line]:
        """End what is open and return the lines."""
        self.close()
        self.end_line()
        self.end_fence()
        return self.lines

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SKIPPED:
            if tag in TELLING:
                self.report.warning(
                    self.line_number, "html-removed", f"A <{tag}> element was removed."
                )
            self.hidden_told = self.hidden_told and bool(self.skipping)
            self.skipping.append(tag)
        elif self.skipping:
            return
        elif tag in BLOCKS:
            self.start_block(tag)
        elif tag == "br":
            self.end_line()
        elif tag == "a" and len(self.links) < DEEPEST:
            self.links.append((dict(attrs).get("href") or "", len(self.pieces)))
        elif tag in MARKS and len(self.marks) < DEEPEST:
            self.marks.append((tag, MARKS[tag], len(self.pieces)))
        elif tag == "img":
            self.add(dict(attrs).get("alt") or "")
        elif tag == "q":
            self.add("“")
        elif not self.blocks and tag not in PLAIN:
            self.add(self.get_starttag_text() or "")  # a pasted `List<String>`

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SKIPPED:
            return  # `<script/>` has no end to wait for
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.skipping:
            if tag in self.skipping:
                del self.skipping[self.skipping.index(tag) :]
        elif tag in BLOCKS:
            self.end_block(tag)
        elif tag == "a" and self.links:
            self.end_link(*self.links.pop())
        elif tag in MARKS and self.marks:
            self.end_mark(tag)
        elif tag == "q":
            self.add("”")

    def handle_data(self, data: str) -> None:
        if self.skipping:
            self.tell_hidden(data)
        elif self.fence is not None or not self.blocks:
            self.add_lines(data.split("\n"))
        else:
            self.add(re.sub(r"\s+", " ", self.escaped(data)))

    def tell_hidden(self, data: str) -> None:
        """Report the first text inside an element whose content nobody sees."""
        if self.hidden_told or not data.strip() or SILENT & set(self.skipping):
            return
        self.hidden_told = True
        self.report.review(
            self.line_number,
            "html-hidden",
            f"“{excerpt(data)}” stands in a <{self.skipping[0]}> element and was left out.",
            "Delete the element’s tags if its text belongs to the issue.",
        )

    def escaped(self, data: str) -> str:
        """Escape what Markdown would read as marks; code stays as it is."""
        if any(mark == "`" for _tag, mark, _start in self.marks):
            return data
        return MARKDOWN.sub(lambda found: "".join("\\" + mark for mark in found.group()), data)

    def add(self, text: str) -> None:
        if text and not self.pieces:
            self.started = self.line_number
            text = text.lstrip() if self.blocks else text
        if self.blocks and self.pieces and self.pieces[-1].endswith(" "):
            text = text.lstrip(" ")
        if text:
            self.pieces.append(text)

    def add_lines(self, texts: list[str]) -> None:
        """Add text that keeps its lines: preformatted, or outside of every block."""
        number = self.line_number
        for index, text in enumerate(texts):
            if index:
                self.end_line(blank=True)
                self.started = number + index
            if text:
                if not self.pieces:
                    self.started = number + index
                self.pieces.append(text)

    def start_block(self, tag: str) -> None:
        self.end_line()
        opens_container = bool(self.containers) and not self.containers[-1].begun
        self.gap_before = self.gap_before or not (tag == "li" or opens_container)
        if self.blocks and self.blocks[-1] in ("p", "li") and self.blocks[-1] == tag:
            self.end_block(tag)  # neither needs its end tag
        if tag == "hr" or len(self.blocks) >= DEEPEST:
            return
        self.blocks.append(tag)
        if tag == "pre" and self.fence is None:
            self.started = self.line_number
            self.write("")
            self.fence = len(self.lines) - 1
        elif tag in ("ol", "ul"):
            self.numbers.append(0)
        elif tag == "li":
            self.start_item()
        elif tag == "blockquote":
            self.containers.append(Container(tag, "> ", "> "))
        elif tag in HEADINGS:
            self.heading = "#" * int(tag[1]) + " "

    def start_item(self) -> None:
        within = next((tag for tag in reversed(self.blocks) if tag in ("ol", "ul")), "")
        mark = "- "
        if within:
            self.numbers[-1] += 1
            mark = f"{self.numbers[-1]}. " if within == "ol" else mark
        # Items of one list stay together, and a list with the item that it stands in.
        nested = any(container.tag == "li" and container.begun for container in self.containers)
        if nested or (within and self.numbers[-1] > 1):
            self.gap_before = False
        self.containers.append(Container("li", mark, " " * len(mark)))

    def end_block(self, tag: str) -> None:
        self.end_line()
        self.heading = ""
        if tag in self.blocks:
            at = len(self.blocks) - 1 - self.blocks[::-1].index(tag)
            for ended in reversed(self.blocks[at:]):
                self.leave(ended)
            del self.blocks[at:]
        self.gap_before = self.gap_before or tag != "li"

    def leave(self, tag: str) -> None:
        if tag == "pre":
            self.end_fence()
        elif tag in ("ol", "ul"):
            self.numbers.pop()
        elif tag in ("li", "blockquote"):
            self.containers.pop()

    def end_fence(self) -> None:
        """Put fences around preformatted text, longer than any backquotes in it."""
        if self.fence is None:
            return
        longest = max(
            (len(run) for line in self.lines[self.fence :] for run in re.findall("`+", line.text)),
            default=0,
        )
        fence = "`" * max(SHORTEST_FENCE, longest + 1)
        self.lines[self.fence] = Line(self.lines[self.fence].number, fence)
        self.lines.append(Line(self.line_number, fence))
        self.fence = None

    def write(self, text: str, *, prefixed: bool = False) -> None:
        """Add a line, and before it the blank one that ends what stands above."""
        if self.gap_before:
            quoted = any(c.tag == "blockquote" and c.begun for c in self.containers)
            self.lines.append(Line(self.started, ">" if quoted else ""))
            self.gap_before = False
        self.lines.append(Line(self.started, self.prefix() + text if prefixed else text))

    def prefix(self) -> str:
        """Return what stands before a line: the marks of the quotes and items around it."""
        marks = []
        for container in self.containers:
            marks.append(container.rest if container.begun else container.first)
            container.begun = True
        return "".join(marks) + self.heading

    def end_line(self, *, blank: bool = False) -> None:
        """End the Markdown line that is being written; marks and links do not span lines."""
        while self.marks:
            self.end_mark(self.marks[-1][0])
        while self.links:
            self.end_link(*self.links.pop())
        text = "".join(self.pieces)
        if self.fence is not None or not self.blocks:
            quotes = "> " * sum(c.tag == "blockquote" for c in self.containers)
            if text or blank:
                self.write((quotes + text).rstrip())
        elif text.strip():
            text = text.strip()
            text = text if self.heading or "·" in text else BLOCK_MARK.sub(r"\g<0>\\", text)
            self.write(text, prefixed=True)
        self.pieces = []

    def taken(self, start: int) -> str:
        text = "".join(self.pieces[start:])
        del self.pieces[start:]
        return text

    def end_link(self, href: str, start: int) -> None:
        text = self.taken(start)
        href = web_address(href)
        if text.strip() and (is_web_address(href) or (href in LOST and text.strip() == "Source")):
            text = f"[{text.strip()}]({href or '#'})"
        if text:
            self.pieces.append(text)

    def end_mark(self, tag: str) -> None:
        while self.marks:
            open_tag, mark, start = self.marks.pop()
            text = self.taken(start)
            if text.strip() and self.fence is None:
                text = marked(text, mark)
            if text:
                self.pieces.append(text)
            if open_tag == tag:
                return
