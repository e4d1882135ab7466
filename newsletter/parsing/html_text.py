"""HTML of a digest, turned into the Markdown lines that the sites have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser

from newsletter.parsing.fences import fenced
from newsletter.parsing.links import LOST, is_web_address
from newsletter.parsing.values import Line, Report

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
TABLES = frozenset({"table", "tbody", "td", "tfoot", "th", "thead", "tr"})
LISTS = frozenset({"dd", "dl", "dt", "li", "ol", "ul"})
REGIONS = frozenset({"address", "article", "aside", "body", "details", "fieldset", "figcaption"})
REGIONS |= {"figure", "footer", "form", "header", "html", "main", "nav", "section", "summary"}
BLOCKS = HEADINGS | TABLES | LISTS | REGIONS | {"blockquote", "center", "div", "hr", "p", "pre"}
# Their content is nothing that a reader of the page sees.
SKIPPED = frozenset({"head", "iframe", "noscript", "object", "script", "style", "svg"})
SKIPPED |= {"template", "title"}
TELLING = frozenset({"script", "style", "iframe", "object"})
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta"})
VOID |= {"source", "track", "wbr"}
MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "code": "`", "kbd": "`", "tt": "`"}
# Deeper nesting than this is no page; what stands deeper is still read, as plain text.
DEEPEST = 100
# A tag longer than this is none; it bounds what looking for its end can cost.
LONGEST_TAG = 4000
# A page of sixty stories has some hundreds.
MOST_TAGS = 50_000
STARTS_BLOCK = re.compile(
    rf"\s*<(?:!doctype\b|!--|/?(?:{'|'.join(sorted(BLOCKS | SKIPPED))})(?=[\s/>]))", re.IGNORECASE
)
# What Markdown would read as marks, though the page shows it as characters.
MARKDOWN = re.compile(
    r"\\(?=[!-/:-@\[-`{-~])|\*(?=\S)|(?<=\S)\*|`|(?<![^\W_])_+|_+(?![^\W_])|\](?=\()"
)


def is_html(lines: Sequence[Line]) -> bool:
    """Tell whether a line outside fenced code begins with an HTML block."""
    inside, _unclosed = fenced([line.text for line in lines])
    return any(
        STARTS_BLOCK.match(line.text) for line, code in zip(lines, inside, strict=True) if not code
    )


def html_to_lines(lines: Sequence[Line], report: Report) -> list[Line]:
    """Return the page as Markdown lines, each with the number of the line it began on.

    Text outside every block keeps its lines, so a file may mix HTML with other forms.
    Scripts and styles go (the former reported); a link that leads nowhere is its text.
    """
    first = lines[0].number if lines else 1
    converter = Converter(first, report)
    text = "\n".join(line.text for line in lines)
    if text.count("<") > MOST_TAGS:
        report.error(
            first,
            "too-much-markup",
            f"There are more than {MOST_TAGS} tags in this text.",
            "Save the digest alone, without the page around it.",
        )
        return list(lines)
    converter.feed(tamed(text))
    converter.close()
    converter.end_line()
    return converter.lines


def tamed(text: str) -> str:
    """Drop comments and turn every ``<`` that begins no tag into text, in linear time.

    Python's parser looks for the end of each broken tag or comment through the whole rest,
    which takes quadratic time on hostile texts.
    """
    pieces: list[str] = []
    at, no_more_comments = 0, False
    while (start := text.find("<", at)) >= 0:
        pieces.append(text[at:start])
        at = start + 1
        if text.startswith("<!--", start) and not no_more_comments:
            end = text.find("-->", start + 4)
            if end >= 0:
                pieces.append("\n" * text.count("\n", start, end))
                at = end + 3
                continue
            no_more_comments = True
        following = text[start + 1 : start + 3].lstrip("/")
        if following[:1].isascii() and following[:1].isalpha():
            pieces.append("<" if text.find(">", start, start + LONGEST_TAG) >= 0 else "&lt;")
        elif following[:1] in ("!", "?") and text.find(">", start, start + LONGEST_TAG) >= 0:
            at = text.find(">", start) + 1
        else:
            pieces.append("&lt;")
    pieces.append(text[at:])
    return "".join(pieces)


class Converter(HTMLParser):
    """Collects Markdown lines while the parser walks through a page."""

    def __init__(self, first_line: int, report: Report) -> None:
        super().__init__(convert_charrefs=True)
        self.report = report
        self.lines_before = first_line - 1
        self.lines: list[Line] = []
        self.pieces: list[str] = []
        self.started = first_line
        self.blocks: list[str] = []
        self.skipping: list[str] = []
        self.links: list[tuple[str, int]] = []
        self.marks: list[tuple[str, str, int]] = []
        self.prefix = ""

    @property
    def line_number(self) -> int:
        return self.getpos()[0] + self.lines_before

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SKIPPED:
            if tag in TELLING:
                self.report.warning(
                    self.line_number, "html-removed", f"A <{tag}> element was removed."
                )
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
        elif not self.blocks and tag not in ("span", "small", "u", "sup", "sub", "time", "mark"):
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

    def handle_data(self, data: str) -> None:
        if self.skipping:
            return
        if "pre" in self.blocks[-2:]:
            self.add_lines(data.split("\n"))
        elif self.blocks:
            self.add(re.sub(r"\s+", " ", self.escaped(data)))
        else:
            self.add_lines(data.split("\n"))

    def escaped(self, data: str) -> str:
        """Escape what Markdown would read as marks; headlines and code stay as they are."""
        in_headline = any(start == 0 for tag, _mark, start in self.marks if tag in ("strong", "b"))
        in_code = any(mark == "`" for _tag, mark, _start in self.marks)
        if in_headline or in_code or self.prefix.startswith("#"):
            return data
        return MARKDOWN.sub(lambda found: "".join("\\" + mark for mark in found.group()), data)

    def add(self, text: str) -> None:
        if text and not self.pieces:
            self.started = self.line_number
            text = text.lstrip() if self.blocks else text
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
        if tag != "li":  # items of one list stay together
            self.lines.append(Line(self.line_number, ""))
        if self.blocks and self.blocks[-1] in ("p", "li") and self.blocks[-1] == tag:
            self.blocks.pop()  # neither needs its end tag
        if tag == "hr":
            return
        if len(self.blocks) < DEEPEST:
            self.blocks.append(tag)
        if tag == "pre":
            self.lines.append(Line(self.line_number, "```"))
        elif tag == "li":
            self.prefix = "- "
        elif tag == "blockquote":
            self.prefix = "> "
        elif len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.prefix = "#" * int(tag[1]) + " "

    def end_block(self, tag: str) -> None:
        self.end_line()
        if tag == "pre" and "pre" in self.blocks:
            self.lines.append(Line(self.line_number, "```"))
        self.prefix = ""
        if tag in self.blocks:
            del self.blocks[len(self.blocks) - 1 - self.blocks[::-1].index(tag) :]
        if tag != "li":
            self.lines.append(Line(self.line_number, ""))

    def end_line(self, *, blank: bool = False) -> None:
        """End the Markdown line that is being written; marks and links do not span lines."""
        while self.marks:
            self.end_mark(self.marks[-1][0])
        while self.links:
            self.end_link(*self.links.pop())
        keeps_space = "pre" in self.blocks[-2:] or not self.blocks
        text = "".join(self.pieces)
        text = text.rstrip() if keeps_space else text.strip()
        if text or blank:
            self.lines.append(Line(self.started, (self.prefix + text) if text else ""))
            self.prefix = "> " if "blockquote" in self.blocks else ""
        self.pieces = []

    def taken(self, start: int) -> str:
        text = "".join(self.pieces[start:])
        del self.pieces[start:]
        return text

    def end_link(self, href: str, start: int) -> None:
        text = self.taken(start)
        href = href.strip()
        if text.strip() and (is_web_address(href) or (href in LOST and text.strip() == "Source")):
            text = f"[{text.strip()}]({href or '#'})"
        if text:
            self.pieces.append(text)

    def end_mark(self, tag: str) -> None:
        while self.marks:
            open_tag, mark, start = self.marks.pop()
            text = self.taken(start)
            inner = text.strip()
            if inner and "pre" not in self.blocks[-2:]:
                lead = text[: len(text) - len(text.lstrip())]
                text = f"{lead}{mark}{inner}{mark}{text[len(text.rstrip()) :]}"
            if text:
                self.pieces.append(text)
            if open_tag == tag:
                return
