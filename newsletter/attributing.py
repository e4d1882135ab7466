"""Which sources a story came from, as far as its text can say.

The first that answers: named in the text, the address, the headline's first word,
the company's label. Only what the text names is confirmed; the rest are suggestions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from newsletter.models import SourceAlias, StorySource
from newsletter.models.issues import folded
from subscribers.models import Source

Rule = StorySource.Rule

# InfoQ begins its headlines with what a piece is.
HEADLINE_PREFIXES = {"presentation": "infoq", "podcast": "infoq", "article": "infoq"}
HEADLINE_PREFIX = re.compile(r"\s*(\w+)\s*:\s")
# Between the parts of a joint label. A name may hold one of these itself (“Marks and Sons”).
JOINS = re.compile(r"\s*/\s*|\s*,\s+(?:and\s+)?|\s+(?:[&+x×]|and)\s+")


@dataclass(frozen=True, slots=True)
class Attribution:
    """That a rule names a source for a story."""

    source: Source
    confirmed: bool
    rule: str


@dataclass(frozen=True, slots=True)
class Prefix:
    """The beginning of a source's addresses: folded host and path segments."""

    host: str
    segments: tuple[str, ...]
    source: Source

    @classmethod
    def of(cls, source: Source) -> Self | None:
        place = place_of(source.homepage_url)
        return cls(*place, source) if place else None

    def begins(self, host: str, segments: Sequence[str]) -> bool:
        return self.host == host and tuple(segments[: len(self.segments)]) == self.segments


def place_of(url: str) -> tuple[str, tuple[str, ...]] | None:
    """Return an address's host without ``www.`` and its path's segments; scheme, port, query
    and a slash at the end make no difference."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    return host, tuple(segment for segment in parts.path.split("/") if segment)


class Catalogue:
    """The sources and their labels, read once for a whole issue."""

    def __init__(self, sources: Iterable[Source], aliases: Iterable[tuple[str, int]]) -> None:
        self.by_pk = {source.pk: source for source in sources}
        self.by_slug = {source.slug.casefold(): source for source in self.by_pk.values()}
        self.by_name = {folded(source.name): source for source in self.by_pk.values()}
        prefixes = (Prefix.of(source) for source in self.by_pk.values())
        self.prefixes = [prefix for prefix in prefixes if prefix]
        self.by_label: dict[str, list[Source]] = {}
        for source in self.by_pk.values():
            for label in (source.name, source.company):
                self.by_label.setdefault(folded(label), []).append(source)
        for label, pk in aliases:
            if pk in self.by_pk:
                self.by_label.setdefault(label, []).append(self.by_pk[pk])

    @classmethod
    def load(cls) -> Self:
        return cls(Source.objects.all(), SourceAlias.objects.values_list("folded", "source"))

    def named(self, name: str) -> Source | None:
        """Return the source of that slug or name, under its present name."""
        source = self.by_slug.get(name.casefold()) or self.by_name.get(folded(name))
        return self.present(source) if source else None

    def present(self, source: Source) -> Source:
        """Follow ``merged_into`` to the source's present name."""
        seen = set()
        while source.merged_into_id in self.by_pk and source.pk not in seen:
            seen.add(source.pk)
            source = self.by_pk[source.merged_into_id]
        return source

    def offered(self, sources: Iterable[Source]) -> list[Source]:
        """Return present names, each once, in the catalogue's order, without retired ones."""
        distinct = {source.pk: source for source in map(self.present, sources)}
        offered = [source for source in distinct.values() if source.retired_at is None]
        return sorted(offered, key=lambda source: (source.position, source.pk))


def suggest(catalogue: Catalogue, *, headline: str, company: str, url: str) -> list[Attribution]:
    """Return what the first rule with an answer suggests for a story; maybe nothing."""
    for rule, sources in (
        (Rule.URL, by_url(catalogue, url)),
        (Rule.HEADLINE, by_headline(catalogue, headline)),
        (Rule.COMPANY, by_company(catalogue, company)),
    ):
        offered = catalogue.offered(sources)
        if offered:
            return [Attribution(source, False, rule.value) for source in offered]
    return []


def by_url(catalogue: Catalogue, url: str) -> list[Source]:
    """Return the source with the longest prefix of the address.

    A shorter prefix of the same company answers too: what stands in
    ``github.blog/engineering/`` comes out of both feeds of GitHub.
    """
    place = place_of(url) if url else None
    if place is None:
        return []
    matching = [prefix for prefix in catalogue.prefixes if prefix.begins(*place)]
    if not matching:
        return []
    longest = max(matching, key=lambda prefix: len(prefix.segments))
    return [
        prefix.source
        for prefix in matching
        if prefix.segments == longest.segments
        or folded(prefix.source.company) == folded(longest.source.company)
    ]


def by_headline(catalogue: Catalogue, headline: str) -> list[Source]:
    found = HEADLINE_PREFIX.match(headline)
    slug = HEADLINE_PREFIXES.get(found[1].casefold()) if found else None
    source = catalogue.by_slug.get(slug) if slug else None
    return [source] if source else []


def by_company(catalogue: Catalogue, company: str) -> list[Source]:
    """Return the sources that the label stands for; of a joint label, those of each part.

    A part is as long as the catalogue's labels allow, so that a name with “and” in it is
    found among others.
    """
    starts, ends = [0], []
    for join in JOINS.finditer(company):
        ends.append(join.start())
        starts.append(join.end())
    ends.append(len(company))
    sources: list[Source] = []
    at = 0
    while at < len(starts):
        known = next(
            (
                (end, found)
                for end in range(len(ends), at, -1)
                if (found := catalogue.by_label.get(folded(company[starts[at] : ends[end - 1]])))
            ),
            (at + 1, []),
        )
        at = known[0]
        sources += known[1]
    return sources
