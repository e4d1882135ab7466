"""Claims: due rows go into the hands of one worker, and those not begun come back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, Q

from newsletter.ledger.turns import LEASED_UNTIL
from newsletter.ledger.waiting import turn
from newsletter.models import Delivery, Issue
from newsletter.models.deliveries import DeliveryQuerySet
from newsletter.states import DeliveryState, IssueState
from subscribers.prepared import (
    Question,
    TellingChange,
    change,
    given,
    is_one_of,
    question,
    telling_change,
)

# Enough to keep the cost of a claim small, few enough to wait for after a death.
CLAIM_SIZE = 20
# Why a row waits whose reader's mail domain has had its share for now.
PUT_OFF = "waits for its turn at its mail domain"
# Rows over which no worker died, and those that are taken by themselves because one did.
DIED_OVER = {False: Q(deaths=0), True: Q(deaths__gt=0)}


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows that a worker may work on until its lease ends."""

    token: uuid.UUID
    delivery_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows a mailer is given: none that one of ``others`` may have already.

    With ``own``, those alone that the mailer of this name may have.
    """

    others: tuple[str, ...] = ()
    own: str = ""

    def within(self, rows: DeliveryQuerySet) -> DeliveryQuerySet:
        if self.own:
            return rows.filter(mailer=self.own)
        return rows.exclude(mailer__in=self.others) if self.others else rows


ANY = Scope()


def claim(issue_id: int, *, now: datetime, size: int = CLAIM_SIZE, scope: Scope = ANY) -> Claim:
    """Take up to ``size`` due rows of an issue that may go out; nobody else can have them.

    A row that was in the hands of a worker when it died is taken by itself, so that one
    which kills its workers is found without harm to the others.
    """
    token = uuid.uuid4()
    if connection.features.has_select_for_update_skip_locked:
        ids = take_locked(issue_id, token, now, size, scope)
    else:
        ids = take_at_once(issue_id, token, now, size, scope)
    return Claim(token, tuple(sorted(ids)))


def take_locked(
    issue_id: int, token: uuid.UUID, now: datetime, size: int, scope: Scope
) -> list[int]:
    """Take rows that no other worker is just taking: PostgreSQL passes over those."""
    with transaction.atomic():
        found = due_rows(size, scope, alone=False).rows(issue=issue_id, due_at=now)
        found = found or due_rows(1, scope, alone=True).rows(issue=issue_id, due_at=now)
        ids = [pk for (pk,) in found]
        if ids:
            lease = timedelta(seconds=settings.CLAIM_LEASE_SECONDS)
            TAKE.rows(ids=ids, token=token, lease=lease)
    return ids


# Prepared: with every claim it is asked.
TAKE = change(
    lambda: Delivery.objects.filter(is_one_of("id", "ids"), state=DeliveryState.PENDING),
    state=DeliveryState.CLAIMED,
    token=given(Delivery, "token"),
    lease_until=LEASED_UNTIL,
)


def take_at_once(
    issue_id: int, token: uuid.UUID, now: datetime, size: int, scope: Scope
) -> list[int]:
    """Take rows in one statement, where all writers wait for each other: SQLite."""
    lease = timedelta(seconds=settings.CLAIM_LEASE_SECONDS)
    values = {"issue": issue_id, "due_at": now, "token": token, "lease": lease}
    with turn():
        ids = taking(size, scope, alone=False).ids(**values)
        return ids or taking(1, scope, alone=True).ids(**values)


def waiting_of_one(scope: Scope) -> DeliveryQuerySet:
    """Rows of an issue, to be given, that wait and may go out now through a mailer."""
    now, issue_id = given(Delivery, "due_at"), given(Delivery, "issue")
    issue = Issue.objects.filter(pk=issue_id).rested(now)
    sending = Q(Exists(issue.in_state(IssueState.SENDING)))
    welcomes = Q(Exists(issue.welcoming()), occasion=Delivery.Occasion.WELCOME)
    rows = Delivery.objects.filter(sending | welcomes, issue_id=issue_id)
    return scope.within(rows.filter(state=DeliveryState.PENDING))


def due_of_one(scope: Scope) -> DeliveryQuerySet:
    """Those of them that are due, in their order."""
    now = given(Delivery, "due_at")
    return waiting_of_one(scope).due(now).order_by("due_at", "pk")


@cache
def due_rows(size: int, scope: Scope, *, alone: bool) -> Question:
    """Prepare the question for ids of due rows; ``alone`` is for those that saw a death."""
    return question(
        lambda: (
            due_of_one(scope)
            .filter(DIED_OVER[alone])
            .select_for_update(skip_locked=True)
            .values_list("pk")[:size]
        )
    )


@cache
def taking(size: int, scope: Scope, *, alone: bool) -> TellingChange:
    """Prepare the claim of due rows in one statement."""
    return telling_change(
        lambda: Delivery.objects.filter(
            pk__in=due_of_one(scope).filter(DIED_OVER[alone]).values("pk")[:size]
        ),
        state=DeliveryState.CLAIMED,
        token=given(Delivery, "token"),
        lease_until=LEASED_UNTIL,
    )


RELEASE = change(
    lambda: Delivery.objects.filter(
        token=given(Delivery, "token"),
        state=DeliveryState.CLAIMED,
        # Always so; said, it lets the index of leased rows find them.
        lease_until__isnull=False,
    ),
    state=DeliveryState.PENDING,
    lease_until=None,
)


def release(token: uuid.UUID) -> int:
    """Give back what a claim holds and has not begun to send; returns how many rows."""
    return RELEASE.rows(token=token)


def put_off(token: uuid.UUID, dues: Mapping[int, datetime]) -> int:
    """Give back claimed rows that are due at another time instead; returns how many."""
    rows = Delivery.objects.filter(token=token, state=DeliveryState.CLAIMED)
    with transaction.atomic():
        return sum(
            rows.filter(pk=pk).update(
                state=DeliveryState.PENDING, lease_until=None, due_at=due_at, reason=PUT_OFF
            )
            for pk, due_at in dues.items()
        )


@cache
def soonest(scope: Scope) -> Question:
    """Prepare the question for when the first row that waits is due, or was put off until."""
    return question(
        lambda: (
            waiting_of_one(scope)
            .filter(Q(due_at__lte=given(Delivery, "due_at")) | Q(reason=PUT_OFF))
            .order_by("due_at", "pk")
            .values_list("due_at")[:1]
        )
    )


def next_turn(issue_id: int, *, now: datetime, scope: Scope = ANY) -> timedelta | None:
    """Return how long until a row may go out: of those due, or put off until their turn.

    None where there is none, or where its issue may not go out now.
    """
    found = soonest(scope).rows(issue=issue_id, due_at=now)
    return max(found[0][0] - now, timedelta(0)) if found else None


def pinned(issue_id: int, *, now: datetime) -> set[str]:
    """Return the mailers that may have some of an issue's rows already which are due now."""
    rows = Delivery.objects.due(now).filter(issue_id=issue_id, mailer__gt="")
    return set(rows.values_list("mailer", flat=True).distinct())
