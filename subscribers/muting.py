"""Muting: a reader wants fewer stories of a source, for some weeks or for good."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from subscribers.choices import Choices, Muted
from subscribers.models import ConsentEvent, Source
from subscribers.subscribing import change

Origin = ConsentEvent.Origin

MUTE_DAYS = 30


def mute(
    subscriber_id: int,
    source_ids: Iterable[int],
    *,
    until: date | None,
    now: datetime,
    origin: Origin = Origin.LINK,
) -> bool:
    """Leave out sources up to and including a day, or without one for good; tell what changed.

    The latest wish counts. A source that was merged is muted under its present name, ids of
    no source are ignored, and doing it again changes nothing.
    """
    present, same = names_of(source_ids)
    muted = tuple(Muted(slug, until) for slug in present)
    return change(
        subscriber_id, lambda choices: with_muted(choices, same, muted), now=now, origin=origin
    )


def unmute(
    subscriber_id: int,
    source_ids: Iterable[int],
    *,
    now: datetime,
    origin: Origin = Origin.PAGE,
) -> bool:
    """Show sources again, whichever of their names was muted; tell whether one was."""
    _present, same = names_of(source_ids)
    return change(
        subscriber_id, lambda choices: with_muted(choices, same, ()), now=now, origin=origin
    )


def with_muted(choices: Choices, same: frozenset[str], muted: tuple[Muted, ...]) -> Choices:
    """Return choices in which these mutes stand for whatever was said of the same sources."""
    others = (one for one in choices.muted if one.source_slug not in same)
    return replace(choices, muted=tuple(sorted((*others, *muted), key=lambda one: one.source_slug)))


def names_of(source_ids: Iterable[int]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the slugs of sources under their present names, and those under all their names."""
    present = Source.objects.present_ids()
    wanted = {present[pk] for pk in source_ids if pk in present}
    slugs = dict(Source.objects.values_list("pk", "slug"))
    return (
        frozenset(slugs[pk] for pk in wanted),
        frozenset(slugs[pk] for pk, name in present.items() if name in wanted),
    )
