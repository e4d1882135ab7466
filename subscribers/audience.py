"""Who may be mailed, and what each reader chose: questions to the tables of people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models

from subscribers.zones import zone_named

if TYPE_CHECKING:
    from subscribers.models import Subscriber


@dataclass(frozen=True, slots=True)
class Choice:
    """Which sources a reader takes: all of them, new ones included, or only some.

    ``source_ids`` holds every chosen source together with those merged with it, so that
    a story credited to either name of one blog matches. It is empty where ``all_sources``.
    """

    all_sources: bool
    source_ids: frozenset[int] = frozenset()

    @classmethod
    def everything(cls) -> Self:
        return cls(all_sources=True)

    def takes(self, story_source_ids: frozenset[int]) -> bool:
        """Tell whether a story of these sources is shown; one without sources always is."""
        return (
            self.all_sources
            or not story_source_ids
            or not self.source_ids.isdisjoint(story_source_ids)
        )


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def mailable(self) -> Self:
        """Readers who confirmed and have neither left nor been suppressed."""
        return self.filter(state="active")

    def wanting(self, kind: str) -> Self:
        """Readers who asked for this edition: ``daily`` or ``weekly``."""
        return self.filter(**{f"wants_{kind}": True})


def choice_of(subscriber: Subscriber, groups: dict[int, frozenset[int]]) -> Choice:
    """Return what a reader chose now; ``groups`` comes from ``Source.objects.merge_groups()``."""
    if subscriber.all_sources:
        return Choice.everything()
    chosen = (source.pk for source in subscriber.sources.all())
    return Choice(
        all_sources=False,
        source_ids=frozenset().union(*(groups.get(pk, frozenset({pk})) for pk in chosen)),
    )


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
    today = now.astimezone(zone_named(subscriber.time_zone)).date()
    if subscriber.paused_until is not None and subscriber.paused_until >= today:
        return "paused"
    return ""
