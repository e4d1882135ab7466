"""The janitor: rows of workers that died or stopped, and rows that wait for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Now

from newsletter.ledger.moves import ISSUE_CLOSED
from newsletter.models import Delivery, Issue
from newsletter.models.deliveries import MAX_DEATHS
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
    over it alone MAX_DEATHS times. With one nobody knows, so the row is doubtful.
    """
    expired = Delivery.objects.expired()
    claimed = expired.filter(state=DeliveryState.CLAIMED)
    poisoned = claimed.filter(deaths__gte=MAX_DEATHS - 1).update(
        state=DeliveryState.FAILED,
        deaths=F("deaths") + 1,
        reason=f"poison: {MAX_DEATHS} workers in a row died or stopped before sending it",
        lease_until=None,
    )
    released = claimed.update(state=DeliveryState.PENDING, deaths=F("deaths") + 1, lease_until=None)
    doubtful = expired.filter(state=DeliveryState.SENDING).update(
        state=DeliveryState.AMBIGUOUS,
        reason="the worker died or stopped while it was sending",
        lease_until=None,
    )
    return Swept(released, poisoned, doubtful, end_leftovers())


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
        ended += rows.update(state=DeliveryState.CANCELLED, reason=ISSUE_CLOSED)
    return ended
