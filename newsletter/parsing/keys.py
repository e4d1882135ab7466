"""Keys: what a story is called in addresses and anchors."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

KEY_LENGTH = 80
# Twelve hexadecimal digits: 48 bits, no chance of a clash inside an issue.
HASH_DIGITS = 12


def key_of(headline: str) -> str:
    """Return the headline's slug, at most 80 characters.

    A headline of which Latin letters and digits are the smaller part gets a hash instead,
    so that two of them with the same Latin word differ.
    """
    letters = sum(character.isalnum() for character in headline)
    latin = unicodedata.normalize("NFKD", headline).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", latin.lower().replace("'", "")).strip("-")
    kept = sum(character.isalnum() for character in slug)
    if not slug or 2 * kept < letters:
        digest = hashlib.sha256(headline.encode("utf-8", "replace")).hexdigest()
        return f"story-{digest[:HASH_DIGITS]}"
    return shortened(slug, KEY_LENGTH)


def shortened(slug: str, length: int) -> str:
    """Cut a slug at a hyphen, unless that would lose more than half of it."""
    if len(slug) <= length:
        return slug
    cut = slug[: length + 1].rfind("-")
    return slug[: cut if 2 * cut > length else length].strip("-")


def unique_keys(headlines: Iterable[str]) -> list[str]:
    """Return a key for each headline; the second of a kind ends in ``-2``."""
    used: set[str] = set()
    last: dict[str, int] = {}
    keys = []
    for headline in headlines:
        base = key = key_of(headline)
        number = last.get(base, 1)
        while key in used:
            number += 1
            ending = f"-{number}"
            key = shortened(base, KEY_LENGTH - len(ending)) + ending
        last[base] = number
        used.add(key)
        keys.append(key)
    return keys
