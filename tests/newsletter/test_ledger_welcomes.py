"""Welcomes: the one kind of row that goes out of an issue after it was sent."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from newsletter import ledger
from newsletter.ledger import Result
from newsletter.models import Delivery, Issue
from newsletter.states import DeliveryState, IssueState
from tests.newsletter.claims import intend, planned, row, take

pytestmark = pytest.mark.django_db

LATER = timedelta(hours=1)


@pytest.fixture
def issue():
    return planned()


@pytest.fixture
def welcome(issue):
    """Make one row of an issue that was sent a welcome; the others are left over."""
    pk = issue.deliveries.order_by("pk")[1].pk
    issue.deliveries.filter(pk=pk).update(occasion=Delivery.Occasion.WELCOME)
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.SENT, finished_at=Now())
    return Delivery.objects.get(pk=pk)


def test_a_welcome_goes_out_of_an_issue_that_was_sent_and_no_other_row_does(issue, welcome):
    claim = take(issue)
    assert claim.delivery_ids == (welcome.pk,)
    assert intend(claim)
    later = Result(DeliveryState.PENDING, reason="450 later", due_at=timezone.now())
    assert ledger.settle(welcome.pk, claim.token, later)
    assert row(claim).state == DeliveryState.PENDING
    again = take(issue)
    assert intend(again)
    assert ledger.settle(welcome.pk, again.token, Result(DeliveryState.SENT))


def test_a_row_claimed_before_its_issue_was_sent_is_not_begun_unless_a_welcome(issue):
    claim = take(issue)
    welcomed = claim.delivery_ids[1]
    issue.deliveries.filter(pk=welcomed).update(occasion=Delivery.Occasion.WELCOME)
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.SENT, finished_at=Now())
    assert [intend(claim, number) for number in range(3)] == [False, True, False]


def test_the_janitor_ends_leftovers_of_a_sent_issue_and_leaves_its_welcomes(issue, welcome):
    assert ledger.sweep().ended == 2
    welcome.refresh_from_db()
    assert welcome.state == DeliveryState.PENDING
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.CANCELLED)
    assert ledger.sweep().ended == 1


@pytest.mark.parametrize(
    "state", [IssueState.DRAFT, IssueState.APPROVED, IssueState.PAUSED, IssueState.CANCELLED]
)
def test_no_welcome_goes_out_of_an_issue_that_was_stopped(issue, welcome, state):
    claim = take(issue)
    assert claim.delivery_ids
    Issue.objects.filter(pk=issue.pk).update(state=state)
    assert not intend(claim)
    ledger.release(claim.token)
    assert not take(issue).delivery_ids


def test_a_welcome_waits_while_the_mail_server_rests(issue, welcome):
    Issue.objects.filter(pk=issue.pk).update(rests_until=timezone.now() + LATER)
    assert not take(issue).delivery_ids
