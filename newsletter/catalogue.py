"""Sources together with the labels that stand for them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from newsletter.models import SourceAlias
from newsletter.models.issues import HEADLINE_MAX_LENGTH, folded
from subscribers.catalogue import Loaded, Problem, SourceRow, store_sources
from subscribers.models import Source

SEEDS = Path(__file__).resolve().parent / "seeds"
ALIASES_FILE = SEEDS / "aliases.csv"
SOURCES_FILE = SEEDS.parent.parent / "subscribers" / "seeds" / "sources.csv"


@transaction.atomic
def load_sources(rows: Sequence[SourceRow]) -> tuple[Loaded, list[Problem]]:
    """Store the sources; the former name of a renamed one becomes an alias of it.

    The project's own aliases are added to the sources that are there. Loading the same rows
    again changes nothing; with a problem nothing is stored.
    """
    loaded, problems = store_sources(rows)
    if problems:
        return loaded, problems
    pairs = [(name, source.slug) for source, name in loaded.renamed]
    add_aliases([*pairs, *seeded_aliases()])
    return loaded, []


def seeded_aliases() -> list[tuple[str, str]]:
    """Return the project's own pairs of a label and a source's slug."""
    with ALIASES_FILE.open(encoding="utf-8", newline="") as lines:
        return [(row["label"], row["source"]) for row in csv.DictReader(lines)]


def add_aliases(pairs: Iterable[tuple[str, str]]) -> int:
    """Add the aliases that are missing, for sources that exist; return how many."""
    sources = {source.slug: source for source in Source.objects.all()}
    known = set(SourceAlias.objects.values_list("folded", "source__slug"))
    added = 0
    for label, slug in pairs:
        if slug in sources and (folded(label), slug) not in known:
            SourceAlias.objects.create(label=label[:HEADLINE_MAX_LENGTH], source=sources[slug])
            known.add((folded(label), slug))
            added += 1
    return added


def said(loaded: Loaded) -> str:
    """Return a sentence that says what loading did."""
    text = _("%(created)d new, %(updated)d changed, %(unchanged)d unchanged.") % {
        "created": loaded.created,
        "updated": loaded.updated,
        "unchanged": loaded.unchanged,
    }
    for source, name in loaded.renamed:
        text += "\n" + _("“%(old)s” is now “%(new)s”; the old name stays as an alias.") % {
            "old": name,
            "new": source.name,
        }
    return text
