"""The janitor: rows of workers that died or stopped, and rows that wait for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from newsletter.ledger.moves import ISSUE_CLOSED
from newsletter.models import Delivery, Issue
from newsletter.models.deliveries import MAX_DEATHS, DeliveryQuerySet
from newsletter.states import DeliveryState, IssueState

# A janitor comes by many times in that; what it missed for longer the audit names.
CLOSED_LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Swept:
    """What the janitor did."""

    released: int
    poisoned: int
    doubtful: int
    ended: int = 0

    @property
    def anything(self) -> bool:
        return bool(self.released or self.poisoned or self.doubtful or self.ended)


def sweep() -> Swept:
    """Put right what dead workers left: the janitor's round.

    Without a committed intent nothing was sent, so the row waits again, unless workers died
    over it alone MAX_DEATHS times. With one nobody knows, so the row is doubtful. It waits for
    no row that another transaction holds.
    """
    expired = Delivery.objects.expired()
    claimed = expired.filter(state=DeliveryState.CLAIMED)
    poisoned = change_free(
        claimed.filter(deaths__gte=MAX_DEATHS - 1),
        state=DeliveryState.FAILED,
        deaths=F("deaths") + 1,
        reason=f"poison: {MAX_DEATHS} workers in a row died or stopped before sending it",
        lease_until=None,
    )
    released = change_free(
        # A poisoned one that was held a moment ago stays poisoned.
        claimed.filter(deaths__lt=MAX_DEATHS - 1),
        state=DeliveryState.PENDING,
        deaths=F("deaths") + 1,
        lease_until=None,
    )
    doubtful = change_free(
        expired.filter(state=DeliveryState.SENDING),
        state=DeliveryState.AMBIGUOUS,
        reason="the worker died or stopped while it was sending",
        lease_until=None,
    )
    return Swept(released, poisoned, doubtful, end_leftovers())


def change_free(rows: DeliveryQuerySet, **changes: Any) -> int:
    """Change those rows that no other transaction holds; returns how many.

    A machine that froze in a transaction holds its rows for as long, and must not keep all
    others from being swept. Its own are for a later round. SQLite locks no rows.
    """
    with transaction.atomic():
        free = rows.select_for_update(skip_locked=True, no_key=True).values("pk")
        return Delivery.objects.filter(pk__in=free).update(**changes)


def end_leftovers() -> int:
    """End rows that wait in an issue which was closed in the same moment; returns how many.

    Issues are asked for first, and those of the last days alone: of all rows that wait, most
    belong to one that is sending.
    """
    closed = Issue.objects.in_state(IssueState.CANCELLED, IssueState.SENT)
    lately = closed.filter(finished_at__gt=Now() - CLOSED_LATELY).values_list("pk", "state")
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING)
    ended = 0
    for issue_id, state in lately:
        rows = waiting.filter(issue_id=issue_id)
        if state == IssueState.SENT:
            rows = rows.filter(occasion=Delivery.Occasion.ISSUE)
        ended += change_free(rows, state=DeliveryState.CANCELLED, reason=ISSUE_CLOSED)
    return ended
