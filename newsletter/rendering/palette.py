"""The colours of a mail by day and by night.

Every colour of words has a contrast of at least 4.5:1 (WCAG 2.2, 1.4.3) on both grounds of
its palette; a test computes it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """``page`` and ``paper`` are grounds, ``rule`` draws lines, the others are for words."""

    page: str
    paper: str
    ink: str
    muted: str
    accent: str
    rule: str


LIGHT = Palette(
    page="#f1efe9",
    paper="#fcfbf8",
    ink="#1b1a17",
    muted="#635f56",
    accent="#8c2f1b",
    rule="#d9d4c8",
)
DARK = Palette(
    page="#121110",
    paper="#1a1917",
    ink="#ece8df",
    muted="#a8a295",
    accent="#f0a58a",
    rule="#37332c",
)
