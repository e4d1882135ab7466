"""Fenced code: the lines that no heading and no story line can stand in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

OPENER = re.compile(
    r"(?P<indent>[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(?P<fence>`{3,}|~{3,})(?P<info>.*)$"
)
CLOSER = re.compile(r"[ \t>]*(?P<fence>`{3,}|~{3,})\s*$")
# CommonMark §4.5: four spaces before a fence make it indented code.
DEEPEST_INDENT = 3
# The content of a list item is indented by two at least.
INSIDE_CONTAINER = ("  ", "\t", ">")


class Fence(NamedTuple):
    """An opening fence; one in a quote or a list item ends with it at the latest."""

    marks: str
    contained: bool

    def is_closed_by(self, text: str) -> bool:
        found = CLOSER.match(text)
        if not found or (not self.contained and not at_margin(found, text)):
            return False
        return found["fence"][0] == self.marks[0] and len(found["fence"]) >= len(self.marks)

    def is_left_by(self, text: str) -> bool:
        """Tell whether a line stands outside the quote or list item of this fence."""
        return self.contained and bool(text.strip()) and not text.startswith(INSIDE_CONTAINER)


def at_margin(found: re.Match[str], text: str) -> bool:
    before = text[: found.start("fence")]
    return before.count(" ") == len(before) <= DEEPEST_INDENT


def fence_of(text: str) -> Fence | None:
    """Return the fence that a line opens, if it could open one."""
    found = OPENER.match(text)
    if not found or (found["fence"][0] == "`" and "`" in found["info"]):
        return None
    return Fence(found["fence"], not at_margin(found, text))


def longest_closers(lines: Sequence[str]) -> list[dict[str, int]]:
    """Return, for each line, the longest closing fence of either sort after it.

    With it an opener that nothing closes is known at once; looking for its end anew each
    time would take quadratic time.
    """
    longest = {"`": 0, "~": 0}
    result = [longest] * len(lines)
    for index in range(len(lines) - 1, -1, -1):
        result[index] = longest
        found = CLOSER.match(lines[index])
        if found and at_margin(found, lines[index]):
            mark, length = found["fence"][0], len(found["fence"])
            if length > longest[mark]:
                longest = {**longest, mark: length}
    return result


def fenced(lines: Sequence[str]) -> tuple[list[bool], list[int]]:
    """Tell for each line whether it is in fenced code, and which openers stay open.

    An opener that stays open counts as text: it may not swallow the rest of an issue.
    """
    inside = [False] * len(lines)
    unclosed = []
    after = longest_closers(lines)
    fence: Fence | None = None
    for index, text in enumerate(lines):
        if fence and not fence.is_left_by(text):
            inside[index] = True
            if fence.is_closed_by(text):
                fence = None
            continue
        fence = fence_of(text)
        if fence and not fence.contained and len(fence.marks) > after[index][fence.marks[0]]:
            unclosed.append(index)
            fence = None
        inside[index] = fence is not None
    return inside, unclosed


def with_closed_fences(body: str) -> str:
    """Close the fence that a body leaves open, as Markdown does at its end."""
    lines = body.split("\n")
    _inside, unclosed = fenced(lines)
    opened = fence_of(lines[unclosed[0]]) if unclosed else None
    return f"{body}\n{opened.marks}" if opened else body
