"""The protocol: who may do what to a row, and when."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from newsletter import ledger, steering
from newsletter.ledger import Result
from newsletter.models import Delivery, Issue
from newsletter.models.deliveries import MAX_DEATHS
from newsletter.planning import plan
from newsletter.states import DeliveryState, IssueState, SkipReason
from tests.factories import make_approved_issue, make_reader
from tests.newsletter.claims import intend, planned, row, run_out, take

pytestmark = pytest.mark.django_db

LATER = timedelta(hours=1)


@pytest.fixture
def issue():
    return planned()


def test_two_claims_never_share_a_row(issue):
    first, second, third = take(issue, 2), take(issue, 2), take(issue, 2)
    assert len(first.delivery_ids) == 2
    assert len(second.delivery_ids) == 1
    assert not third.delivery_ids
    assert not set(first.delivery_ids) & set(second.delivery_ids)


def test_rows_that_are_not_due_yet_are_left_alone(issue):
    issue.deliveries.update(due_at=timezone.now() + LATER)
    assert not take(issue).delivery_ids


@pytest.mark.parametrize("state", [IssueState.PAUSED, IssueState.CANCELLED])
def test_nothing_is_claimed_of_an_issue_that_was_stopped(issue, state):
    Issue.objects.filter(pk=issue.pk).update(state=state)
    assert not take(issue).delivery_ids


def test_an_intent_needs_the_token_of_the_claim(issue):
    claim = take(issue)
    forged = ledger.Claim(uuid.uuid4(), claim.delivery_ids)
    assert not intend(forged)
    assert intend(claim)


def test_an_intent_cannot_be_recorded_twice(issue):
    claim = take(issue)
    assert intend(claim)
    assert not intend(claim)
    assert row(claim).attempts == 1


def test_a_worker_that_slept_past_its_lease_may_not_begin_to_send(issue):
    claim = take(issue)
    run_out(claim)
    assert not intend(claim)


@pytest.mark.parametrize("state", [IssueState.PAUSED, IssueState.CANCELLED])
def test_pausing_is_seen_at_the_next_intent(issue, state):
    claim = take(issue)
    Issue.objects.filter(pk=issue.pk).update(state=state)
    assert not intend(claim)


def test_a_result_is_written_once_and_by_its_own_worker(issue):
    claim = take(issue)
    intend(claim)
    sent = Result(DeliveryState.SENT, reply="250 ok")
    assert not ledger.settle(claim.delivery_ids[0], uuid.uuid4(), sent)
    assert ledger.settle(claim.delivery_ids[0], claim.token, sent)
    assert not ledger.settle(claim.delivery_ids[0], claim.token, Result(DeliveryState.AMBIGUOUS))
    assert row(claim).state == DeliveryState.SENT
    assert row(claim).sent_at


def test_a_dead_worker_before_its_intent_costs_nothing_but_time(issue):
    claim = take(issue)
    run_out(claim)
    assert ledger.sweep() == ledger.Swept(released=3, poisoned=0, doubtful=0)
    assert issue.deliveries.filter(state=DeliveryState.PENDING).count() == 3


def test_a_dead_worker_after_its_intent_leaves_a_doubtful_row(issue):
    claim = take(issue)
    intend(claim)
    run_out(claim)
    assert ledger.sweep() == ledger.Swept(released=2, poisoned=0, doubtful=1)
    assert list(Delivery.objects.doubtful()) == [row(claim)]
    assert row(claim).pk not in take(issue).delivery_ids


def test_a_worker_that_comes_back_late_settles_its_own_doubtful_row(issue):
    claim = take(issue)
    intend(claim)
    run_out(claim)
    ledger.sweep()
    assert ledger.settle(claim.delivery_ids[0], claim.token, Result(DeliveryState.SENT))
    assert row(claim).state == DeliveryState.SENT


def test_a_row_that_kills_its_workers_is_taken_out_and_no_other(issue):
    deadly = issue.deliveries.order_by("pk")[1].pk
    for _ in range(4 * MAX_DEATHS):
        claim = take(issue)
        for number, pk in enumerate(claim.delivery_ids):
            if pk == deadly:
                run_out(claim)
                ledger.sweep()
                break
            intend(claim, number)
            ledger.settle(pk, claim.token, Result(DeliveryState.SENT))
    states = dict(issue.deliveries.values_list("pk", "state"))
    assert states.pop(deadly) == DeliveryState.FAILED
    assert set(states.values()) == {DeliveryState.SENT}
    assert issue.deliveries.get(pk=deadly).reason.startswith("poison: 5 workers")


def test_a_row_that_was_in_a_dead_workers_hands_is_taken_by_itself(issue):
    run_out(take(issue))
    ledger.sweep()
    assert [len(take(issue).delivery_ids) for _ in range(4)] == [1, 1, 1, 0]


def test_giving_rows_back_does_not_count_against_them(issue):
    for _ in range(2 * MAX_DEATHS):
        assert ledger.release(take(issue).token) == 3
    assert set(issue.deliveries.values_list("state", "deaths")) == {(DeliveryState.PENDING, 0)}


def test_a_message_refused_for_now_after_a_cancel_is_cancelled(issue):
    claim = take(issue)
    intend(claim)
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.CANCELLED)
    later = Result(DeliveryState.PENDING, reason="450 later", due_at=timezone.now())
    assert ledger.settle(claim.delivery_ids[0], claim.token, later)
    assert row(claim).state == DeliveryState.CANCELLED
    assert "450 later" in row(claim).reason


def test_rows_that_wait_in_a_closed_issue_are_ended_by_the_janitor(issue):
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.SENT, finished_at=Now())
    assert ledger.sweep().ended == 3
    assert set(issue.deliveries.values_list("state", flat=True)) == {DeliveryState.CANCELLED}


def test_an_intent_says_which_stories_stand_in_the_mail(issue):
    claim = take(issue)
    intend(claim)
    assert (row(claim).stories, row(claim).shown) == (1, "1")


def test_an_unreachable_server_is_no_attempt_at_the_message(issue):
    claim = take(issue)
    intend(claim)
    unheard = Result(DeliveryState.PENDING, due_at=timezone.now(), tried=False)
    ledger.settle(claim.delivery_ids[0], claim.token, unheard)
    assert row(claim).attempts == 0


def test_nothing_is_claimed_while_the_mail_server_rests(issue):
    Issue.objects.filter(pk=issue.pk).update(rests_until=timezone.now() + LATER)
    assert not take(issue).delivery_ids
    Issue.objects.filter(pk=issue.pk).update(rests_until=timezone.now() - LATER)
    assert take(issue).delivery_ids


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_cancel_that_commits_while_an_intent_waits_wins():
    make_reader()
    issue = make_approved_issue()
    plan(issue, now=timezone.now(), at_once=True)
    claim = take(issue)
    begun = []

    def begin():
        begun.append(intend(claim))
        connection.close()

    worker = threading.Thread(target=begin)
    with transaction.atomic():
        steering.cancel(issue, now=timezone.now())
        worker.start()
        worker.join(timeout=1)
        assert worker.is_alive(), "the intent waits for the cancel"
    worker.join(timeout=10)
    assert begun == [False]
    assert row(claim).state == DeliveryState.CANCELLED


def test_the_janitor_leaves_living_workers_alone(issue):
    claim = take(issue)
    intend(claim)
    assert ledger.sweep() == ledger.Swept(0, 0, 0)
    assert row(claim).state == DeliveryState.SENDING


def test_a_skip_needs_the_claim_and_keeps_its_reason(issue):
    claim = take(issue)
    assert not ledger.skip(claim.delivery_ids[0], uuid.uuid4(), SkipReason.PAUSED)
    assert ledger.skip(claim.delivery_ids[0], claim.token, SkipReason.PAUSED)
    assert (row(claim).state, row(claim).reason) == (DeliveryState.SKIPPED, "paused")


def test_a_message_proven_unsent_waits_for_its_next_time(issue):
    claim = take(issue)
    intend(claim)
    due = timezone.now() + LATER
    later = Result(DeliveryState.PENDING, reason="451 later", due_at=due)
    assert ledger.settle(claim.delivery_ids[0], claim.token, later)
    assert row(claim).due_at == due
    ledger.release(claim.token)
    assert row(claim).pk not in take(issue).delivery_ids


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (Result(DeliveryState.SENT, reply="250 ok ada@example.com"), ""),
        (Result(DeliveryState.FAILED, reason="refused: 550 ada@example.com"), "deleted"),
        (Result(DeliveryState.AMBIGUOUS, reason="ada@example.com?"), "deleted"),
    ],
    ids=lambda value: getattr(value, "state", None),
)
def test_what_a_server_says_of_a_reader_who_was_deleted_meanwhile_is_not_kept(
    issue, result, reason
):
    claim = take(issue)
    assert intend(claim)
    row(claim).subscriber.delete()
    assert ledger.settle(claim.delivery_ids[0], claim.token, result)
    settled = row(claim)
    assert (settled.state, settled.reply) == (result.state, "")
    assert "ada" not in settled.reason
    assert reason in settled.reason
