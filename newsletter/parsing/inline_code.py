"""Inline code: what stands between two runs of equally many backquotes on a line."""

from __future__ import annotations

import re

BACKQUOTES = re.compile(r"`+")


def without_code(text: str, *, blank: bool = False) -> str:
    """Return a line without its inline code; with ``blank``, spaces stand in its place.

    Walks the line once.
    """
    if "`" not in text:
        return text
    runs = [(found.start(), found.end()) for found in BACKQUOTES.finditer(text)]
    partner: dict[int, int] = {}
    later: dict[int, int] = {}
    for index in range(len(runs) - 1, -1, -1):
        length = runs[index][1] - runs[index][0]
        if length in later:
            partner[index] = later[length]
        later[length] = index
    pieces, at, index = [], 0, 0
    while index < len(runs):
        if index in partner:
            start = runs[index][0]
            pieces.append(text[at:start])
            index = partner[index]
            at = runs[index][1]
            pieces.append(" " * (at - start) if blank else "")
        index += 1
    return "".join([*pieces, text[at:]])
