"""Headlines and labels as plain text: without brackets, links and Markdown's marks."""

from __future__ import annotations

import html
import re

TARGET = r"\(\s*<?(?P<url>[^()<>\s]*(?:\([^()<>\s]*\)[^()<>\s]*)*)>?(?:\s+\"[^\"]*\")?\s*\)"
LINKED = re.compile(r"\[(?P<text>.*)\]" + TARGET + "$", re.DOTALL)
# Marks that stand around a whole headline; the longer ones first.
EMPHASES = ("**", "__", "*", "_")
WRAPPERS = (*EMPHASES, "`")
INLINE = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<ticks>`+)(?P<code>.+?)(?P=ticks)(?!`)"
    r"|!?\[(?P<text>[^\[\]]*)\]\((?:[^()\s]|\([^()\s]*\))*\)"
    r"|(?<![\w\\])(?P<mark>\*{1,3}|_{1,3})(?=\S)(?P<inner>.+?)(?<=\S)(?P=mark)(?!\w)"
    r"|(?P<entity>&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
)
# Nothing longer is a headline or a label, so nothing longer is searched for marks.
LONGEST_MARKED = 600
# A link around bold type around brackets around code has four.
MOST_LAYERS = 8
# Bold type that ends where the next begins: `**[Cutting** **tail latency]**`.
SEAM = re.compile(r"(?<=[^\s*])\*\*(\s*)\*\*(?=[^\s*])")


def bare_headline(headline: str) -> tuple[str, str]:
    """Return a headline as plain text on one line, and the address of the link around it."""
    text, url = headline.strip(), ""
    for _layer in range(MOST_LAYERS):
        inner, address = unwrapped(text)
        if inner == text:
            break
        text, url = inner, address or url
    return " ".join(plain(text).split()), url


def bare_label(label: str) -> str:
    """Return a label as plain text."""
    return bare_headline(label)[0]


def unwrapped(text: str) -> tuple[str, str]:
    """Return a text without the outermost emphasis, link or brackets around it."""
    linked = LINKED.match(text) if text.startswith("[") and text.endswith(")") else None
    if linked and is_bracketed(f"[{linked['text']}]"):
        return linked["text"].strip(), linked["url"]
    if is_bracketed(text):
        return text[1:-1].strip(), ""
    for mark in WRAPPERS:
        if text.startswith(mark) and text.endswith(mark) and len(text) > 2 * len(mark):
            inner = text[len(mark) : -len(mark)]
            if mark not in inner and not inner.endswith("\\"):
                return inner.strip(), ""
    return text, ""


def is_wrapped(text: str) -> bool:
    """Tell whether brackets or a link stand around a whole text: a separator in it is its own."""
    return text.startswith("[") and unwrapped(text)[0] != text


def plain(text: str) -> str:
    """Return what Markdown would show of a text: no marks, no escapes, no entities.

    Marks inside words stay (``2*3*4``, ``snake_case``), and so do names like ``__init__``.
    """
    if len(text) > LONGEST_MARKED:
        return text
    return INLINE.sub(shown, text)


def shown(found: re.Match[str]) -> str:
    if found["escaped"] or found["ticks"]:
        return found["escaped"] or found["code"].strip()
    if found["entity"]:
        return html.unescape(found["entity"])
    if found["mark"]:
        inner = found["inner"]
        is_name = found["mark"] == "__" and inner.isidentifier() and inner.islower()
        return found.group() if is_name else plain(inner)
    return plain(found["text"])


def without_seams(text: str, reach: int) -> str:
    """Join bold pieces at the beginning of a story line to one."""
    return SEAM.sub(r"\1", text[:reach]) + text[reach:] if text.startswith("**") else text


def is_bracketed(text: str) -> bool:
    """Tell whether brackets stand around a whole text: ``[a] or [b]`` has none."""
    if len(text) < len("[]") or text[0] != "[" or text[-1] != "]":
        return False
    depth = 0
    for place, character in enumerate(text):
        depth += {"[": 1, "]": -1}.get(character, 0)
        if depth == 0 and place < len(text) - 1:
            return text.count("[") != text.count("]")
    return True
