"""Fenced code: the lines that no heading and no story line can stand in."""

import re
from collections.abc import Sequence

# A fence may stand in a quote or open on a list item's first line.
OPENER = re.compile(
    r"(?P<indent>[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+)*)(?P<fence>`{3,}|~{3,})(?P<info>.*)$"
)
CLOSER = re.compile(r"[\s>]*(?P<fence>`{3,}|~{3,})\s*$")


def fence_of(text: str) -> tuple[str, bool] | None:
    """Return the fence that a line could open, and whether it stands at the margin."""
    found = OPENER.match(text)
    if not found or (found["fence"][0] == "`" and "`" in found["info"]):
        return None
    return found["fence"], len(found["indent"]) == found["indent"].count(" ") <= 3


def closes(text: str, fence: str) -> bool:
    found = CLOSER.match(text)
    return bool(found and found["fence"][0] == fence[0] and len(found["fence"]) >= len(fence))


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
        if found:
            mark, length = found["fence"][0], len(found["fence"])
            if length > longest[mark]:
                longest = {**longest, mark: length}
    return result


def fenced(lines: Sequence[str]) -> tuple[list[bool], list[int]]:
    """Tell for each line whether it is in a closed fence, and which openers stay open."""
    inside = [False] * len(lines)
    unclosed = []
    after = longest_closers(lines)
    fence = ""
    for index, text in enumerate(lines):
        if fence:
            inside[index] = True
            if closes(text, fence):
                fence = ""
            continue
        opened = fence_of(text)
        if opened and len(opened[0]) <= after[index][opened[0][0]]:
            fence, inside[index] = opened[0], True
        elif opened:
            unclosed.append(index)
    return inside, unclosed


def with_closed_fences(body: str) -> str:
    """Close the fence that a body leaves open, as Markdown does at its end."""
    lines = body.split("\n")
    _inside, unclosed = fenced(lines)
    for index in unclosed:
        opened = fence_of(lines[index])
        if opened and opened[1]:
            return f"{body}\n{opened[0]}"
    return body
