"""Which sources a reader has muted now, by the names that sources have now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from subscribers.models import Source, Subscriber

# More sources than any byline names.
MAX_SOURCES = 20
# Ids have 63 bits; every number with fewer digits than the greatest fits.
MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class MutedSource:
    """A source of which no story comes until the end of a day, or, without one, for good."""

    source: Source
    until: date | None


def muted_by(reader: Subscriber, today: date) -> list[MutedSource]:
    """Return a reader's muted sources in the catalogue's order; those that are over are none.

    Of a source that was muted under several names the longest holds. ``today`` is the
    reader's.
    """
    present = Source.objects.present_ids()
    longest: dict[int, date] = {}
    for pk, until in reader.mutes.values_list("source_id", "until"):
        last = until or date.max
        if last >= today:
            longest[present[pk]] = max(last, longest.get(present[pk], last))
    sources = Source.objects.filter(pk__in=longest)
    return [
        MutedSource(source, None if longest[source.pk] == date.max else longest[source.pk])
        for source in sources
    ]


def sources_named(ids: Iterable[int]) -> list[Source]:
    """Return the sources of these ids under their present names, each once, in this order."""
    present = Source.objects.present_ids()
    wanted = list(dict.fromkeys(present[pk] for pk in ids if pk in present))
    found = Source.objects.in_bulk(wanted)
    return [found[pk] for pk in wanted]


def ids_in(text: str) -> list[int]:
    """Return the ids in an address like ``12-15``; what is none is passed over."""
    parts = text.split("-", MAX_SOURCES)[:MAX_SOURCES]
    return [
        int(part) for part in parts if part.isascii() and part.isdigit() and len(part) <= MAX_DIGITS
    ]
