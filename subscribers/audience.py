"""Who may be mailed, and what each reader chose: questions to the tables of people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models

from subscribers.prepared import given, question
from subscribers.zones import zone_named

if TYPE_CHECKING:
    from subscribers.models import Subscriber


@dataclass(frozen=True, slots=True)
class Choice:
    """Which sources a reader takes: all of them, new ones included, or only some.

    ``source_ids`` holds every chosen source together with those merged with it, so that
    a story credited to either name of one blog matches; it is empty where ``all_sources``.
    ``muted_ids`` are those left out of all sources; out of chosen ones they are missing.
    """

    all_sources: bool
    source_ids: frozenset[int] = frozenset()
    muted_ids: frozenset[int] = frozenset()

    @classmethod
    def everything(cls) -> Self:
        return cls(all_sources=True)

    def takes(self, story_source_ids: frozenset[int]) -> bool:
        """Tell whether a story of these sources is shown; one without sources always is."""
        if not story_source_ids:
            return True
        if self.all_sources:
            return not self.muted_ids or not story_source_ids <= self.muted_ids
        return not self.source_ids.isdisjoint(story_source_ids)


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def mailable(self) -> Self:
        """Readers who confirmed and have neither left nor been suppressed."""
        return self.filter(state="active")

    def wanting(self, kind: str) -> Self:
        """Readers who asked for this edition: ``daily`` or ``weekly``."""
        return self.filter(**{f"wants_{kind}": True})


def choice_of(subscriber: Subscriber, groups: dict[int, frozenset[int]], now: datetime) -> Choice:
    """Return what a reader chose now; ``groups`` comes from ``Source.objects.merge_groups()``.

    A source that is muted until a day is heard again on the day after, where the reader lives.
    """
    today = today_of(subscriber, now)
    chosen, muted = set(), set()
    for pk, until, is_mute in CHOICES.rows(subscriber=subscriber.pk):
        if not is_mute:
            chosen.add(pk)
        elif until is None or until >= today:
            muted.add(pk)
    all_muted = together(muted, groups)
    if subscriber.all_sources:
        return Choice(all_sources=True, muted_ids=all_muted)
    return Choice(all_sources=False, source_ids=together(chosen, groups) - all_muted)


def choices_of_one() -> models.QuerySet[Any, tuple[int, date | None, bool]]:
    """Ask for a reader's mutes and chosen sources, to be told apart by the last column."""
    from subscribers.models import Mute, Subscriber  # which have this module's querysets

    through = Subscriber.sources.through
    mutes = (
        Mute.objects.filter(subscriber=given(Mute, "subscriber"))
        .order_by()
        .annotate(ends=models.F("until"), is_mute=models.Value(True))
    )
    sources = (
        through.objects.filter(subscriber=given(through, "subscriber"))
        .order_by()
        .annotate(
            ends=models.Value(None, output_field=models.DateField(null=True)),
            is_mute=models.Value(False),
        )
    )
    columns = ("source_id", "ends", "is_mute")
    return mutes.values_list(*columns).union(sources.values_list(*columns), all=True)


CHOICES = question(choices_of_one)


def together(ids: Iterable[int], groups: dict[int, frozenset[int]]) -> frozenset[int]:
    """Return sources with all those that they were merged with."""
    return frozenset().union(*(groups.get(pk, frozenset({pk})) for pk in ids))


def today_of(subscriber: Subscriber, now: datetime) -> date:
    """Return the date where a reader lives, or in UTC if their zone is not known any more."""
    return now.astimezone(zone_named(subscriber.time_zone)).date()


def obstacle(subscriber: Subscriber | None, kind: str, now: datetime) -> str:
    """Say why a reader gets no ``kind`` issue at this moment, or "" where nothing forbids it.

    The words are those of the ledger's reasons: unsubscribed, suppressed, paused.
    """
    if subscriber is None:
        return "unsubscribed"
    if subscriber.state == "suppressed":
        return "suppressed"
    if subscriber.state != "active" or not getattr(subscriber, f"wants_{kind}"):
        return "unsubscribed"
    paused_until = subscriber.paused_until
    if paused_until is not None and paused_until >= today_of(subscriber, now):
        return "paused"
    return ""
