"""Plain text of a mail: lines that a terminal or a small screen can hold."""

import re
import unicodedata
from collections.abc import Iterator

# RFC 3676 §4.2 advises 66 to 72 columns, so that quoting has room below 78.
TEXT_WIDTH = 72
# However deep a list goes, a line keeps room for a word or two.
LEAST_WIDTH = 24

# A no-break space keeps its words together.
WORD = re.compile(r"[^ \t]+")
# Unicode Standard Annex #11: these take two columns of a terminal.
WIDE = frozenset({"W", "F"})
# Marks and joiners stand on the character before them.
WITHOUT_WIDTH = frozenset({"Mn", "Me", "Cf"})
# Korean puts spaces between its words, and breaks its lines there.
HANGUL = range(0xAC00, 0xD7A4)
# After JIS X 4051: nothing is left alone at the start of a line that closes, repeats or lengthens
# what stands before it, and nothing at the end of one that opens what follows.
NEVER_FIRST = frozenset({"Pe", "Pf", "Po", "Pd", "Lm", "Mn", "Mc", "Me", "Cf"})
SMALL_KANA = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ")
NEVER_LAST = frozenset({"Ps", "Pi", "Cf"})


def width(text: str) -> int:
    """Return how many columns of a terminal a line takes."""
    if text.isascii():
        return len(text)
    return sum(map(columns, text))


def columns(character: str) -> int:
    if unicodedata.category(character) in WITHOUT_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in WIDE else 1


def wrapped(text: str, *, first: str = "", rest: str = "") -> list[str]:
    """Return lines of at most 72 columns; a word that is longer, such as an address, stays whole.

    ``first`` stands before the first line and ``rest`` before every other one. Chinese and
    Japanese, which put no space between words, are broken between their characters.
    """
    lines: list[str] = []
    for line in text.split("\n"):
        lines += filled(line, rest if lines else first, rest)
    return lines


def filled(line: str, first: str, rest: str) -> list[str]:
    """Return one line of text as lines, each as full as it can be."""
    room = max(TEXT_WIDTH, width(rest) + LEAST_WIDTH)
    lines: list[str] = []
    current, taken, is_empty = first, width(first), True
    for gap, piece in pieces(line):
        needed = width(piece)
        if not is_empty and taken + len(gap) + needed > room:
            lines.append(current)
            current, taken, is_empty = rest, width(rest), True
        if not is_empty:
            current, taken = current + gap, taken + len(gap)
        current, taken, is_empty = current + piece, taken + needed, False
    return [*lines, current.rstrip(" ") if is_empty else current]


def pieces(line: str) -> Iterator[tuple[str, str]]:
    """Give what a line must not break, each with what parts it from the one before, if any."""
    for word in WORD.findall(line):
        gap, start = " ", 0
        for place in breaks(word):
            yield gap, word[start:place]
            gap, start = "", place
        yield gap, word[start:]


def breaks(word: str) -> Iterator[int]:
    """Give the places in a word, none of them its ends, where a line may break."""
    if word.isascii():
        return
    for place in range(1, len(word)):
        before, after = word[place - 1], word[place]
        if (
            (is_ideographic(before) or is_ideographic(after))
            and unicodedata.category(before) not in NEVER_LAST
            and unicodedata.category(after) not in NEVER_FIRST
            and after not in SMALL_KANA
        ):
            yield place


def is_ideographic(character: str) -> bool:
    """Tell whether lines break beside a character; of the wide ones, emoji are no text."""
    return (
        unicodedata.east_asian_width(character) in WIDE
        and not unicodedata.category(character).startswith("S")
        and ord(character) not in HANGUL
    )


def underlined(text: str, rule: str) -> str:
    """Return a heading, wrapped, with a line of ``rule`` under it as long as its longest line.

    A word wider than a line has a rule of one line's width.
    """
    lines = wrapped(text)
    return "\n".join([*lines, rule * min(TEXT_WIDTH, max(map(width, lines)))])
