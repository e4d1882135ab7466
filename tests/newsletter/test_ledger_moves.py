"""Any number of workers, dying and coming back in any order, keep to the table of moves."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter import ledger
from newsletter.ledger import Result
from newsletter.models import Delivery, Issue
from newsletter.planning import plan
from newsletter.states import DELIVERY_MOVES, DeliveryState, IssueState, SkipReason
from tests.factories import make_approved_issue, make_reader

pytestmark = pytest.mark.django_db

READERS = 2
WORKERS = 2
RESULTS = [
    DeliveryState.SENT,
    DeliveryState.PENDING,
    DeliveryState.FAILED,
    DeliveryState.AMBIGUOUS,
]
# Mostly sending, or nothing would happen any more.
ISSUE_STATES = [IssueState.SENDING] * 4 + [
    IssueState.PAUSED,
    IssueState.CANCELLED,
    IssueState.SENT,
]
worker = st.integers(0, WORKERS - 1)
row = st.integers(0, READERS - 1)
steps = st.one_of(
    st.tuples(st.just("claim"), worker, st.integers(1, READERS)),
    st.tuples(st.just("skip"), worker, row),
    st.tuples(st.just("intend"), worker, row),
    st.tuples(st.just("fail"), worker, row),
    st.tuples(st.just("settle"), worker, row, st.sampled_from(RESULTS)),
    st.tuples(st.just("release"), worker),
    st.tuples(st.just("lease ends")),
    st.tuples(st.just("sweep")),
    st.tuples(st.just("issue"), st.sampled_from(ISSUE_STATES)),
)


class House:
    """An issue with its rows, workers that hold claims, and what was put on the wire."""

    def __init__(self) -> None:
        for _ in range(READERS):
            make_reader()
        self.issue = make_approved_issue()
        plan(self.issue, now=timezone.now(), at_once=True)
        self.revision = self.issue.revisions.get()
        # One of them is a welcome, which may go out when the issue was sent as well.
        welcomed = self.issue.deliveries.order_by("pk")[1].pk
        self.issue.deliveries.filter(pk=welcomed).update(occasion=Delivery.Occasion.WELCOME)
        self.rows = list(self.issue.deliveries.order_by("pk").values_list("pk", flat=True))
        self.claims: dict[int, ledger.Claim] = {}
        self.accepted: set[int] = set()
        # Begun, and not proven unsent: a server may have these.
        self.on_the_wire: set[int] = set()

    def states(self) -> dict[int, DeliveryState]:
        states = self.issue.deliveries.values_list("pk", "state")
        return {pk: DeliveryState(state) for pk, state in states}

    def take(self, step: tuple[Any, ...]) -> None:
        name, *rest = step
        if name == "claim":
            self.claims[rest[0]] = ledger.claim(self.issue.pk, now=timezone.now(), size=rest[1])
        elif name == "lease ends":
            held = Delivery.objects.filter(lease_until__isnull=False)
            held.update(lease_until=Now() - timedelta(seconds=1))
        elif name == "sweep":
            ledger.sweep()
        elif name == "issue":
            Issue.objects.filter(pk=self.issue.pk).update(state=rest[0])
        elif rest[0] in self.claims:
            self.work(name, self.claims[rest[0]], *rest[1:])

    def work(self, name: str, claim: ledger.Claim, place: int = 0, result: str = "") -> None:
        pk = self.rows[place]
        if name == "skip":
            ledger.skip(pk, claim.token, SkipReason.PAUSED)
        elif name == "fail":
            ledger.fail_claimed(pk, claim.token, "it cannot be composed")
        elif name == "release":
            ledger.release(claim.token)
        elif name == "intend":
            begun = ledger.intend(
                pk,
                claim.token,
                revision_id=self.revision.pk,
                variant="v",
                stories=1,
                shown="1",
                mailer="default",
            )
            assert not (begun and pk in self.on_the_wire), "a second message may leave"
            self.on_the_wire |= {pk} if begun else set()
        elif name == "settle":
            due = timezone.now() if result == DeliveryState.PENDING else None
            outcome = Result(DeliveryState(result), reason="as told", due_at=due)
            if not ledger.settle(pk, claim.token, outcome):
                return
            if result == DeliveryState.SENT:
                self.accepted.add(pk)
            elif result == DeliveryState.PENDING:
                self.on_the_wire.discard(pk)


@hypothesis_settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(steps, min_size=10, max_size=60))
def test_every_move_is_in_the_table_and_what_was_sent_is_never_begun_again(sequence):
    with transaction.atomic():
        house = House()
        before = house.states()
        for step in sequence:
            house.take(step)
            after = house.states()
            for pk, state in after.items():
                if state != before[pk]:
                    # A sweep may end what it has just released.
                    path = DELIVERY_MOVES[before[pk]]
                    two = {last for middle in path for last in DELIVERY_MOVES[middle]}
                    assert state in (path | two if step[0] == "sweep" else path), (step, before)
            assert all(after[pk] == DeliveryState.SENT for pk in house.accepted)
            before = after
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "unheard of"},
        {"state": "claimed"},
        {"state": "sent"},
        {"state": "skipped", "reason": "just so"},
        {"state": "failed", "reason": ""},
        {"state": "pending", "lease_until": timezone.now()},
    ],
)
def test_the_database_refuses_rows_that_contradict_themselves(fields):
    make_reader()
    issue = make_approved_issue()
    plan(issue, now=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        issue.deliveries.update(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "Ada@example.com"},
        {"state": "unheard of"},
        {"state": "active", "confirmed_at": None},
        {"state": "suppressed", "suppression": ""},
        {"suppression": "bounced"},
        {"hour": 24},
        {"weekday": 7},
    ],
)
def test_the_database_refuses_readers_that_cannot_be(fields):
    reader = make_reader()
    with pytest.raises(IntegrityError), transaction.atomic():
        type(reader).objects.filter(pk=reader.pk).update(**fields)
