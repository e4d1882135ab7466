"""Plain text of a mail: lines that a terminal or a small screen can hold."""

import textwrap

# RFC 3676 §4.2 advises 66 to 72 characters, so that quoting has room below 78.
TEXT_WIDTH = 72
# However deep a list goes, a line keeps room for a word or two.
LEAST_WIDTH = 24


def wrapped(text: str, *, first: str = "", rest: str = "") -> list[str]:
    """Return lines of at most 72 columns; a word that is longer, such as an address, stays whole.

    ``first`` stands before the first line and ``rest`` before every other one.
    """
    lines: list[str] = []
    for number, line in enumerate(text.split("\n")):
        lines += textwrap.wrap(
            line,
            width=max(TEXT_WIDTH, len(rest) + LEAST_WIDTH),
            initial_indent=rest if number else first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [(rest if number else first).rstrip()]
    return lines


def underlined(text: str, rule: str) -> str:
    """Return a heading, wrapped, with a line of ``rule`` under it as long as its longest line."""
    lines = wrapped(text)
    return "\n".join([*lines, rule * max(map(len, lines))])
