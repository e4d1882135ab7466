"""Markdown's marks around the text of an HTML page."""

from __future__ import annotations

import re
from urllib.parse import quote

from newsletter.parsing.links import UNSAFE

PARENTHESES = {ord("("): "%28", ord(")"): "%29"}


def marked(text: str, mark: str) -> str:
    """Put marks around a text, inside its spaces; code that holds backquotes gets more."""
    inner = text.strip()
    lead, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    if mark == "`" and "`" in inner:
        mark = "`" * (max(map(len, re.findall("`+", inner))) + 1)
        inner = f" {inner} " if "`" in (inner[0], inner[-1]) else inner
    return f"{lead}{mark}{inner}{mark}{tail}"


def web_address(href: str) -> str:
    """Return an address as browsers would use it: what may not stand in one is encoded."""
    href = href.strip()
    if not UNSAFE.search(href):
        return href
    encoded = UNSAFE.sub(lambda found: quote(found.group(), safe=""), href)
    return encoded.translate(PARENTHESES)
