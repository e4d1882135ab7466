"""Which lines of a text are HTML, and the Markdown lines that they become."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from newsletter.parsing.fences import fenced
from newsletter.parsing.html_converter import Converter
from newsletter.parsing.html_tags import BLOCKS, SKIPPED, VOID
from newsletter.parsing.inline_code import without_code
from newsletter.parsing.values import Line, Report

# A tag longer than this is none; it bounds what looking for its end can cost.
LONGEST_TAG = 4000
# A page of sixty stories has some hundreds.
MOST_TAGS = 50_000
WHOLE_PAGE = re.compile(r"\s*<(?:!doctype\s+html|\?xml|rss|html|head|body)(?=[\s>])", re.IGNORECASE)
TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*)(?=[\s/>])[^<>]*>")
STARTS_TAG = re.compile(r"\s*<[a-zA-Z]")
# What Markdown texts have between their HTML; a page has none of it.
MARKDOWN_LINE = re.compile(r"\s{0,3}(?:#{1,6}\s|```|~~~|\*\*\S|-{3,}\s*$)|.*\]\(")
SPACER = re.compile(r"\s*(?:<(?:br|hr)\s*/?>\s*)+$", re.IGNORECASE)
COMMENT, COMMENT_END = "<!--", "-->"
CDATA, CDATA_END = "<![CDATA[", "]]>"
NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]*")
HIDING_END = re.compile(rf"</({'|'.join(sorted(SKIPPED))})(?=[\s>])", re.IGNORECASE)


class Tag(NamedTuple):
    """A block's start or end tag: the index of its line, and where it stands there."""

    at: int
    start: int
    end: int
    name: str
    is_end: bool


def without_html(lines: Sequence[Line], report: Report) -> list[Line]:
    """Return the lines with their HTML as Markdown, each with the number where it began.

    A page is converted as a whole. In any other text a run of lines counts as HTML from a
    block's start tag at the beginning of a line to its end tag; a tag without an end, and a
    lone one amid running text, is text that speaks of HTML. Comments go.
    """
    if not any("<" in line.text for line in lines):
        return list(lines)
    bare = without_comments(lines)
    runs = html_runs(bare)
    whole = is_page(bare, runs)
    if not whole and not runs:
        return without_spacers(bare)
    tags = sum(line.text.count("<") for line in lines)
    if tags > MOST_TAGS:
        report.error(
            lines[0].number,
            "too-much-markup",
            f"There are more than {MOST_TAGS} tags in this text.",
            "Save the digest alone, without the page around it.",
        )
        return list(lines)
    if whole:
        return converted(lines, report)
    result: list[Line] = []
    at = 0
    for start, end in runs:
        result += without_spacers(bare[at:start])
        result += converted(bare[start:end], report)
        at = end
    return result + without_spacers(bare[at:])


def converted(lines: Sequence[Line], report: Report) -> list[Line]:
    converter = Converter(lines[0].number, report)
    converter.feed(tamed("\n".join(line.text for line in lines)))
    return converter.finished()


def is_page(lines: Sequence[Line], runs: Sequence[tuple[int, int]]) -> bool:
    """Tell whether a text is a page or a piece of one, and no other text with HTML in it."""
    first = next((index for index, line in enumerate(lines) if line.text.strip()), 0)
    if WHOLE_PAGE.match(lines[first].text):
        return True
    if not runs or runs[0][0] != first:
        return False
    within = {index for start, end in runs for index in range(start, end)}
    return not any(
        MARKDOWN_LINE.match(line.text[:LONGEST_TAG])
        for index, line in enumerate(lines)
        if index not in within
    )


def html_runs(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Return the ranges of lines that are HTML blocks, the second index not among them."""
    tags = block_tags(lines)
    partners = paired(tags)
    by_line: dict[int, list[int]] = {}
    for number, tag in enumerate(tags):
        by_line.setdefault(tag.at, []).append(number)
    runs: list[tuple[int, int]] = []
    index = 0
    while index < len(lines):
        end = index
        first = tags[by_line[index][0]] if index in by_line else None
        if first and not first.is_end and not lines[index].text[: first.start].strip():
            end = run_end(index, lines, tags, by_line, partners)
        if end > index and not speaks_of_tags(lines, index, end, runs):
            runs.append((index, end))
        index = max(end, index + 1) if runs and runs[-1][1] == end else index + 1
    return runs


def run_end(
    index: int,
    lines: Sequence[Line],
    tags: Sequence[Tag],
    by_line: dict[int, list[int]],
    partners: dict[int, int],
) -> int:
    """Return where the HTML that begins on a line ends; the line itself if it is none."""
    number = by_line[index][0]
    if number not in partners:
        lone = lines[index].text.strip() == lines[index].text[tags[number].start : tags[number].end]
        return index if lone or not partners else open_end(index, lines)
    end = tags[partners[number]].at + 1
    at = index
    while at < end:
        for further in by_line.get(at, ()):
            if further in partners:
                end = max(end, tags[partners[further]].at + 1)
        at += 1
    return end


def open_end(index: int, lines: Sequence[Line]) -> int:
    """Return where a paragraph without an end tag ends: before a blank line or a tag."""
    end = index + 1
    while end < len(lines) and lines[end].text.strip() and not STARTS_TAG.match(lines[end].text):
        end += 1
    return end


def speaks_of_tags(
    lines: Sequence[Line], start: int, end: int, runs: Sequence[tuple[int, int]]
) -> bool:
    """Tell whether a lone tag amid running text is only named there: a page copied as text
    has its inline code on lines of its own."""
    after_html = bool(runs) and runs[-1][1] == start
    if start == 0 or after_html or not lines[start - 1].text.strip():
        return False
    first = TAG.match(lines[start].text.strip())
    if first is None:
        return False
    lone = first.group() == lines[start].text.strip()
    text = "\n".join(line.text for line in lines[start:end])
    markup = len(list(TAG.finditer(text)))
    return (lone and markup <= len(("start", "end"))) or not TAG.sub("", text).strip()


def block_tags(lines: Sequence[Line]) -> list[Tag]:
    """Return the tags of blocks outside code, in order."""
    inside, _unclosed = fenced([line.text for line in lines])
    tags = []
    for index, (line, code) in enumerate(zip(lines, inside, strict=True)):
        if code or "<" not in line.text:
            continue
        masked = line.text if STARTS_TAG.match(line.text) else without_code(line.text, blank=True)
        for found in TAG.finditer(masked):
            name = found["name"].lower()
            if name in BLOCKS | SKIPPED and name not in VOID:
                tags.append(Tag(index, found.start(), found.end(), name, bool(found["end"])))
    return tags


def paired(tags: Sequence[Tag]) -> dict[int, int]:
    """Return which end tag belongs to which start tag; some have none."""
    opened: dict[str, list[int]] = {}
    partners: dict[int, int] = {}
    for number, tag in enumerate(tags):
        waiting = opened.setdefault(tag.name, [])
        if tag.is_end:
            if waiting:
                partners[waiting.pop()] = number
        else:
            if tag.name == "p":
                waiting.clear()  # a paragraph ends where the next one begins
            waiting.append(number)
    return partners


def without_comments(lines: Sequence[Line]) -> list[Line]:
    """Return the lines without comments; one that never ends, or that is named amid running
    text, is text."""
    inside, _unclosed = fenced([line.text for line in lines])
    next_end = len(lines)
    ends = [next_end] * len(lines)
    for index in range(len(lines) - 1, -1, -1):
        ends[index] = next_end
        next_end = index if COMMENT_END in lines[index].text else next_end
    result: list[Line] = []
    hidden_to = -1
    for index, line in enumerate(lines):
        text = line.text
        if index <= hidden_to:
            text = text[text.find(COMMENT_END) + len(COMMENT_END) :] if index == hidden_to else ""
        if not inside[index] and COMMENT in text:
            text = without_whole_comments(text)
            start = without_code(text, blank=True).rfind(COMMENT)
            amid = index > 0 and text.strip() == COMMENT and bool(lines[index - 1].text.strip())
            if start >= 0 and ends[index] < len(lines) and not amid:
                hidden_to, text = ends[index], text[:start]
        result.append(Line(line.number, text))
    return result


def without_whole_comments(text: str) -> str:
    """Drop the comments that begin and end on a line, outside its inline code."""
    masked = without_code(text, blank=True)
    pieces, at = [], 0
    while (start := masked.find(COMMENT, at)) >= 0:
        end = masked.find(COMMENT_END, start + len(COMMENT))
        if end < 0:
            break
        pieces.append(text[at:start])
        at = end + len(COMMENT_END)
    return "".join([*pieces, text[at:]])


def without_spacers(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with a ``<br>`` that stands alone as the blank line that it shows."""
    texts = ["", *(line.text.strip() for line in lines), ""]
    return [
        Line(line.number, "") if SPACER.match(line.text) and not before and not after else line
        for line, before, after in zip(lines, texts, texts[2:], strict=False)
    ]


def tamed(text: str) -> str:
    """Drop comments and turn every ``<`` that begins no tag into text, in linear time.

    Python's parser looks for the end of each broken tag or comment through the whole rest,
    which takes quadratic time on hostile texts. An element whose content nobody sees, but
    that has no end tag, would hide the rest of the text: its tag is text as well.
    """
    last_ends = dict.fromkeys(SKIPPED, -1)
    last_ends |= {found[1].lower(): found.start() for found in HIDING_END.finditer(text)}
    wrapped = CDATA in text
    pieces: list[str] = []
    at, no_more_comments = 0, False
    while (start := text.find("<", at)) >= 0:
        pieces.append(unwrapped(text[at:start], wrapped=wrapped))
        at = start + 1
        if text.startswith(COMMENT, start) and not no_more_comments:
            end = text.find(COMMENT_END, start + len(COMMENT))
            if end >= 0:
                pieces.append("\n" * text.count("\n", start, end))
                at = end + len(COMMENT_END)
                continue
            no_more_comments = True
        if text.startswith(CDATA, start):
            at = start + len(CDATA)
            continue
        following = text[start + 1 : start + 3].lstrip("/")
        if following[:1].isascii() and following[:1].isalpha():
            is_tag = text.find(">", start, start + LONGEST_TAG) >= 0
            pieces.append("<" if is_tag and not hides_rest(text, start, last_ends) else "&lt;")
        elif following[:1] in ("!", "?") and text.find(">", start, start + LONGEST_TAG) >= 0:
            at = text.find(">", start) + 1
        else:
            pieces.append("&lt;")
    pieces.append(unwrapped(text[at:], wrapped=wrapped))
    return "".join(pieces)


def unwrapped(text: str, *, wrapped: bool) -> str:
    return text.replace(CDATA_END, "") if wrapped else text


def hides_rest(text: str, start: int, last_ends: dict[str, int]) -> bool:
    found = NAME.match(text, start + 1)
    return found is not None and last_ends.get(found[0].lower(), len(text)) < start
