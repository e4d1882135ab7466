"""Doubtful messages settled by proof: what a server's log says that it took."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from newsletter.ledger.turns import goes_out, in_state
from newsletter.models import Delivery, DeliveryEvent
from newsletter.rescheduling import extend_deadlines
from newsletter.states import DeliveryState, IssueState

BATCH = 500
TAKEN = "the server's log has it"
NOT_TAKEN = "the server's log does not have it"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many doubtful rows were settled which way; ``left`` are doubtful still."""

    accepted: int = 0
    absent: int = 0
    left: int = 0


def reconcile(
    issue_id: int,
    accepted: Callable[[Delivery], bool | None],
    *,
    now: datetime,
    absent: DeliveryState | None = DeliveryState.FAILED,
) -> Reconciled:
    """Settle an issue's doubtful rows by a server's log; ``accepted`` is asked for each.

    It is given a row's uid, and the token of the claim that left it doubtful, by which to know
    whether this is the doubt that it can speak of.

    Rows that the server took become sent. Those that it did not become what the operator chose
    as ``absent``: FAILED; PENDING, to be sent again, in an issue that may still send (FAILED in
    any other), with its whole time from now on; or, with None, they stay doubtful, as do those
    of which ``accepted`` knows nothing (None). Absence from a log is proof only of a complete
    log, read after every worker that had the row is dead.

    Each settled row gets one event, so that doing it again changes nothing. Rows that
    somebody else settles meanwhile are left to them.
    """
    if absent not in (None, DeliveryState.FAILED, DeliveryState.PENDING):
        raise ValueError(f"a message that was not sent cannot become {absent}")
    taken = not_taken = 0
    for batch in doubtful(issue_id):
        for delivery in batch:
            took = accepted(delivery)
            if took:
                taken += settle(delivery, DeliveryState.SENT, TAKEN, now)
            elif took is not None and absent is not None:
                not_taken += settle(delivery, absent, NOT_TAKEN, now)
    left = Delivery.objects.doubtful().filter(issue_id=issue_id).count()
    return Reconciled(taken, not_taken, left)


def doubtful(issue_id: int) -> Iterator[list[Delivery]]:
    """Read an issue's doubtful rows in batches, by their keys."""
    rows = Delivery.objects.doubtful().filter(issue_id=issue_id).order_by("pk")
    last = 0
    needed = rows.select_related("issue").only("pk", "uid", "token", "intent_at", "issue__kind")
    while batch := list(needed.filter(pk__gt=last)[:BATCH]):
        yield batch
        last = batch[-1].pk


def going_on() -> Q:
    """Ask inside a row's UPDATE whether it may still be sent, if only after a pause."""
    return goes_out() | Q(in_state(IssueState.PAUSED))


def settle(delivery: Delivery, state: DeliveryState, why: str, now: datetime) -> bool:
    """Move a doubtful row, if it still is in the same doubt; tell whether it was."""
    # Sent again meanwhile, it may be doubtful anew: under another token.
    rows = Delivery.objects.doubtful().filter(pk=delivery.pk, token=delivery.token)
    # Without its token a late worker cannot settle the row again.
    fields: dict[str, object] = {"token": None, "reason": why}
    if state != DeliveryState.SENT:
        fields["mailer"] = ""  # which has been proven not to have it
    with transaction.atomic():
        match state:
            case DeliveryState.SENT:
                sent_at = Coalesce(F("sent_at"), F("intent_at"))
                moved = rows.update(state=state, **fields | {"reason": "", "sent_at": sent_at})
            case DeliveryState.PENDING:
                moved = rows.filter(going_on()).update(state=state, due_at=now, **fields)
                moved = moved or rows.update(state=DeliveryState.FAILED, **fields)
                row = Delivery.objects.filter(pk=delivery.pk, state=state)
                extend_deadlines(row, delivery.issue.kind, now=now)
            case _:
                moved = rows.update(state=state, **fields)
        if moved:
            DeliveryEvent.objects.create(
                delivery=delivery,
                # Of one intent, which a second reading of the log would settle again.
                key=f"settled:{delivery.uid}:{delivery.intent_at}",
                kind=DeliveryEvent.Kind.SETTLED,
                at=now,
                detail=why,
            )
    return bool(moved)
