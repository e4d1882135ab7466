"""Key lines straight under a story's heading in canonical texts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from newsletter.parsing.frontmatter import KEY_LINE, did_you_mean
from newsletter.parsing.links import story_url
from newsletter.parsing.values import Line, Report, SourceRef, excerpt

STORY_KEYS = frozenset({"company", "sources", "url", "from"})
ORIGIN = re.compile(r"weekly-\d{4}-\d\d-\d\d/[-\w]{1,80}|daily-\d{4}-\d\d-\d\d/[-\w]{1,80}")
LOOKS_LIKE_KEY = re.compile(r"[a-z][a-z0-9_-]*:(?:\s|$)")


@dataclass(slots=True)
class StoryKeys:
    """What key lines say of a story."""

    company: str = ""
    url: str = ""
    taken_from: str = ""
    sources: tuple[SourceRef, ...] = ()
    unattributed: bool = False
    seen: set[str] = field(default_factory=set)


def read_keys(line: Line, keys: StoryKeys, report: Report, *, strict: bool) -> bool:
    """Read a key line into ``keys``; tell whether the line was one.

    In a canonical text a lower-case word and a colon is a key, known or not; elsewhere only
    known keys are.
    """
    text = line.text.removeprefix(" ")
    found = KEY_LINE.match(text)
    key = found["key"].lower() if found else ""
    if not found or (key not in STORY_KEYS and not (strict and LOOKS_LIKE_KEY.match(text))):
        return False
    value = " ".join((found["value"] or "").split())
    if key not in STORY_KEYS:
        tell_unknown(line, key, STORY_KEYS, report)
    elif key in keys.seen:
        report.error(line.number, "key-twice", f"“{key}” stands here twice.", "Keep one.")
    elif key == "company":
        keys.company = value
    elif key == "url":
        keys.url = story_url(value, line.number, report)
    elif key == "sources":
        keys.sources, keys.unattributed = read_sources(value, line.number, report)
    else:
        keys.taken_from = read_origin(value, line.number, report)
    keys.seen.add(key)
    return True


def tell_unknown(line: Line, key: str, known: frozenset[str], report: Report) -> None:
    report.error(
        line.number,
        "unknown-key",
        f"“{excerpt(key)}” is no key that may stand here.",
        did_you_mean(key, known)
        or f"Known are {', '.join(sorted(known))}; a body begins after a blank line.",
    )


def read_origin(value: str, number: int, report: Report) -> str:
    if not value or ORIGIN.fullmatch(value):
        return value
    report.error(
        number,
        "bad-from",
        f"“{excerpt(value)}” names no story of an issue.",
        "Write the issue's slug, a slash and the story's key: daily-2026-11-20/the-key.",
    )
    return ""


def read_sources(value: str, number: int, report: Report) -> tuple[tuple[SourceRef, ...], bool]:
    """Return the sources a key line names, and whether it says that there is none."""
    names = [name.strip() for name in value.split(",") if name.strip()]
    if names == ["?"]:
        return (), True
    refs: dict[str, SourceRef] = {}
    for name in names:
        slug = name.rstrip("?").strip()
        if not slug:
            report.error(
                number,
                "bad-sources",
                "“?” alone means that no source carried the story; here stand others as well.",
                "Keep either the “?” or the sources.",
            )
        elif slug in refs:
            report.warning(number, "source-twice", f"“{excerpt(slug)}” stands here twice.")
        else:
            refs[slug] = SourceRef(slug, not name.endswith("?"), number)
    return tuple(refs.values()), False
