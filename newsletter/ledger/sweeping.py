"""The janitor: rows of workers that died or stopped, and rows that wait for nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Q

from newsletter.ledger.moves import ISSUE_CLOSED
from newsletter.ledger.turns import in_state
from newsletter.models import Delivery
from newsletter.models.deliveries import MAX_DEATHS
from newsletter.states import DeliveryState, IssueState


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
    """End rows that wait in an issue which was closed in the same moment; returns how many."""
    sent = Q(in_state(IssueState.SENT), occasion=Delivery.Occasion.ISSUE)
    closed = Q(in_state(IssueState.CANCELLED)) | sent
    left = Delivery.objects.filter(closed, state=DeliveryState.PENDING)
    return left.update(state=DeliveryState.CANCELLED, reason=ISSUE_CLOSED)
