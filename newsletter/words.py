"""The words that a search compares: without case and marks, the same on every database. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

# PostgreSQL refuses a lexeme of more than 2,046 bytes. No word of a language is as long as this.
LONGEST_WORD = 40
# PostgreSQL refuses an index of more than 1 MB; a mail's body has at most 20,000 characters.
LONGEST_TEXT = 100_000
# The characters of a few alphabets; what is not among them is looked up once and remembered.
CHARACTERS_REMEMBERED = 4_096

# These scripts put no space between words, so each character is found by itself.
UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003fffd]")
# PostgreSQL reads the beginning of "1e5th" as a number, and the databases differ in which
# characters they take for letters. Behind this veil all words are letters and digits of ASCII;
# "z" begins and ends it, and has one of its own.
AWKWARD = re.compile("^[0-9]|[^a-y0-9]")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text as it is compared, and where it stands: ``text[start:end]``."""

    plain: str
    start: int
    end: int


@lru_cache(maxsize=CHARACTERS_REMEMBERED)
def plain_of(character: str) -> str:
    """Return what is compared of a character: "é" is "e", a mark or a soft hyphen nothing."""
    folded = unicodedata.normalize("NFKD", character).casefold()
    return "".join(
        sign
        for sign in unicodedata.normalize("NFKD", folded)
        if unicodedata.category(sign)[0] != "M" and unicodedata.category(sign) != "Cf"
    )


def words_in(text: str) -> Iterator[Word]:
    """Give the words of a text: runs of letters and digits, folded, at most 40 of them long."""
    letters: list[str] = []
    start = end = 0
    for place, character in enumerate(text):
        for sign in plain_of(character):
            alone = UNSPACED.match(sign) is not None
            belongs = not alone and unicodedata.category(sign)[0] in "LN"
            if letters and not belongs:
                yield Word("".join(letters[:LONGEST_WORD]), start, end)
                letters = []
            if belongs:
                start = start if letters else place
                end = place + 1
                letters.append(sign)
            elif alone:
                yield Word(sign, place, place + 1)
        if letters:
            # A mark stands on the letter before it.
            end = place + 1
    if letters:
        yield Word("".join(letters[:LONGEST_WORD]), start, end)


def indexed(text: str) -> str:
    """Return a text as the index of a search holds it: its words, in ASCII, one space apart."""
    return " ".join(index_form(word.plain) for word in words_in(text[:LONGEST_TEXT]))


def index_form(word: str) -> str:
    """Return a folded word in letters and digits of ASCII, beginning with a letter.

    The form of a word's beginning is the beginning of its form, and of no other word's, so
    prefixes are found and nothing else.
    """
    return AWKWARD.sub(lambda found: f"z{ord(found[0]):x}z", word)
