"""From any text to clean numbered lines."""

import re

from newsletter.parsing.values import Line, Report

# U+2028, U+2029 and NEL end a line as much as the others do.
LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029\x85]")
# C0 without tab and newline, DEL, C1, lone surrogates, noncharacters of all planes.
CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
# Embeddings, overrides and isolates (Unicode TR9) can show a text in another order than it
# has, so a headline could pretend to be another one. The harmless marks U+200E/F stay.
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Zero-width space, word joiner, stray byte order marks: permalink anchors leave them behind.
INVISIBLE = re.compile("[\u200b\u2060\ufeff]")

TROUBLES: list[tuple[re.Pattern[str], str, str]] = [
    (CONTROLS, "control-character", "Control characters were removed from this line."),
    (BIDI, "bidi-override", "Characters that reorder text were removed from this line."),
    (INVISIBLE, "invisible-character", "Invisible characters were removed from this line."),
]
HINT = "If they matter, say it in visible characters."


def clean_lines(text: str, report: Report) -> list[Line]:
    """Return the text's lines without characters that do not belong in one.

    Every kind of line end counts; a byte order mark at the start goes silently, everything
    else that is removed is reported with its line.
    """
    lines = LINE_ENDS.sub("\n", text.removeprefix("\ufeff")).split("\n")
    for pattern, code, message in TROUBLES:
        changed = [number for number, line in enumerate(lines, 1) if pattern.search(line)]
        for number in changed:
            report.warning(number, code, message, HINT)
            lines[number - 1] = pattern.sub("", lines[number - 1])
    return [Line(number, line.rstrip("\n")) for number, line in enumerate(lines, 1)]


def clean(text: str) -> str:
    """Return the text as ``clean_lines`` has it, for values that have no lines."""
    return "\n".join(line.text for line in clean_lines(text, Report()))


def one_line(text: str) -> str:
    """Return the text clean and on one line, with single spaces."""
    return " ".join(clean(text).split())
