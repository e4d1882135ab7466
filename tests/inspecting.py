"""Looks through pages, mails and documents in German for what is left in English."""

import json
import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Any

from django.conf import settings
from lxml import html

from tests.catalogues import read

LANGUAGE = "de"
CATALOGUE = settings.BASE_DIR / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"
# Words that no German sentence has, and that hardly an English one does without.
ENGLISH = re.compile(
    r"\b(the|of|and|you|your|is|are|this|that|from|with|for|to|by|week|issue|story|stories|"
    r"Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|"
    r"January|February|March|May|June|July|October|December)\b",
    re.IGNORECASE,
)
# A day of the month without the dot that makes it an ordinal.
BARE_DAY = re.compile(
    r"\b\d{1,2} (?:Jan|Feb|März|Apr|Mai|Juni|Juli|Aug|Sep|Okt|Nov|Dez)"
    r"|\b(?:Mo|Di|Mi|Do|Fr|Sa|So|[A-Z][a-z]+tag),? \d{1,2}\b(?!\.)"
)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|#")
ADDRESS = re.compile(r"https?://\S+|\S+@\S+")

SAID_ATTRIBUTES = ("alt", "aria-label", "placeholder", "title")
DESCRIBED_BY = frozenset({"description", "og:title", "og:description"})
UNSEEN = frozenset({"script", "style", "template"})


class Inspector:
    """Collects in ``found`` what is not German, with where it stood first.

    What is not translated shows as an English message of the catalogue; what was never given
    to gettext shows by its words.
    """

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.phrases: list[list[str]] = []
        self.labels: set[str] = set()
        german: set[str] = set()
        for message in read(CATALOGUE):
            german.update(message.translated.values())
            for at, english in enumerate(message.english):
                if message.translated.get(at) != english:
                    self.remember(english)
        # As “Pause”, which a button says otherwise and a heading the same in both languages.
        self.labels -= german

    def remember(self, english: str) -> None:
        """Look for a message of more than two words anywhere, for a shorter one by itself."""
        parts = [part.strip() for part in PLACEHOLDER.split(english)]
        if len(" ".join(parts).split()) > 2:
            self.phrases.append(parts)
        else:
            self.labels.add(english)

    def texts(self, where: str, pieces: Iterable[str]) -> None:
        pieces = [ADDRESS.sub("", piece).strip() for piece in pieces]
        found = [piece for piece in pieces if ENGLISH.search(piece) or BARE_DAY.search(piece)]
        found += self.labels.intersection(pieces)
        text = " ".join(pieces)
        found += [" … ".join(parts) for parts in self.phrases if stand_in(parts, text)]
        for piece in found:
            self.found.setdefault(piece, where)

    def answer(self, where: str, response: Any) -> None:
        """Look through a page, a feed or a document, whichever it is."""
        kind = response.headers["Content-Type"]
        content = b"".join(response) if response.streaming else response.content
        if content and kind.startswith("text/html"):
            self.page(where, content.decode())
        elif "json" in kind:
            # One word alone is a code.
            values = (value for value in values_of(json.loads(content)) if " " in value)
            self.texts(where, values)
        elif "xml" in kind:
            self.texts(where, [re.sub(r"<[^>]*>", " ", unescape(content.decode()))])

    def page(self, where: str, page: str) -> None:
        """Look through a page, or a part of one that a script fetches."""
        root = html.document_fromstring(page)
        if "<html" in page and (root.get("lang"), root.get("dir")) != (LANGUAGE, "ltr"):
            self.found.setdefault(f"lang={root.get('lang')} dir={root.get('dir')}", where)
        self.texts(where, pieces_of(root))


def stand_in(parts: list[str], text: str) -> bool:
    return all(part in text for part in parts)


def pieces_of(root: Any) -> Iterator[str]:
    """Yield what people see or hear of a page, but for what is marked as in another language."""
    for text in said_in(root):
        piece = " ".join(text.split())
        if piece:
            yield piece


def said_in(element: Any) -> Iterator[str]:
    if not isinstance(element.tag, str):  # a comment
        return
    if element.tag == "optgroup":  # cities keep their names, the continents do not
        yield element.get("label", "")
    elif element.tag not in UNSEEN and element.get("lang", LANGUAGE) == LANGUAGE:
        yield from said_about(element)
        yield element.text or ""
        for child in element:
            yield from said_in(child)
            yield child.tail or ""


def said_about(element: Any) -> Iterator[str]:
    for name, value in element.items():
        if name in SAID_ATTRIBUTES or (name.startswith("data-") and " " in value):
            yield value
    if {element.get("name"), element.get("property")} & DESCRIBED_BY:
        yield element.get("content", "")


def values_of(document: Any) -> Iterator[str]:
    """Yield the texts of a JSON document, without the names of its fields."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for value in document.values():
            yield from values_of(value)
    elif isinstance(document, list):
        for value in document:
            yield from values_of(value)
