"""The books, and what must never stand in them."""

import uuid
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from newsletter.auditing import books, imbalances
from newsletter.models import Delivery, Issue
from newsletter.planning import plan
from newsletter.states import DeliveryState
from subscribers.models import Subscriber
from tests.factories import make_approved_issue, make_reader, noon

pytestmark = pytest.mark.django_db


@pytest.fixture
def issue():
    for _ in range(8):
        make_reader()
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    return issue


def put(issue, number, state, **fields):
    """Write the state of one row as a worker would have left it."""
    pk = issue.deliveries.order_by("pk").values_list("pk", flat=True)[number]
    if state in ("sent", "bounced", "ambiguous"):
        fields = {"intent_at": Now(), "revision": issue.revisions.get(), **fields}
    if state in ("sent", "bounced"):
        fields = {"sent_at": Now(), **fields}
    Delivery.objects.filter(pk=pk).update(state=state, **fields)


def test_every_row_is_counted_once_and_under_its_own_name(issue):
    put(issue, 0, "sent", variant="a")
    put(issue, 1, "bounced", variant="b")
    put(issue, 2, "skipped", reason="filter_empty")
    put(issue, 3, "skipped", reason="suppressed")
    put(issue, 4, "failed", reason="refused")
    put(issue, 5, "ambiguous", variant="a")
    put(issue, 6, "cancelled")
    account = books(issue)
    assert (account.audience, account.sent, account.skipped) == (8, 2, {"filter_empty": 1})
    assert (account.suppressed, account.failed, account.ambiguous) == (1, 1, 1)
    assert (account.cancelled, account.waiting, account.variants) == (1, 1, 2)
    assert (account.done, account.balanced, account.bounced) == (7, True, 1)
    assert imbalances(issue) == []


def test_a_row_that_vanished_unbalances_the_books(issue):
    issue.deliveries.first().delete()
    assert not books(issue).balanced
    assert "The audience is 8, but 7" in imbalances(issue)[0]


def test_a_sent_issue_with_waiting_rows_is_named(issue):
    Issue.objects.filter(pk=issue.pk).update(state="sent")
    assert "8 rows still wait" in imbalances(issue)[0]


def test_a_welcome_may_wait_in_a_sent_issue_and_in_no_cancelled_one(issue):
    welcomed = issue.deliveries.order_by("pk")[0].pk
    issue.deliveries.exclude(pk=welcomed).update(state="cancelled")
    issue.deliveries.filter(pk=welcomed).update(occasion="welcome", due_at=Now())
    Issue.objects.filter(pk=issue.pk).update(state="sent")
    assert imbalances(issue) == []
    Issue.objects.filter(pk=issue.pk).update(state="cancelled")
    assert "1 rows still wait" in imbalances(issue)[0]


def test_how_long_an_issue_took_does_not_count_its_welcomes(issue):
    put(issue, 0, "sent", sent_at=Now() + timedelta(seconds=2))
    put(issue, 1, "sent", sent_at=Now() + timedelta(days=2), occasion="welcome")
    account = books(issue)
    assert account.seconds == pytest.approx(2, abs=1)
    assert account.sent == 2


def test_a_lease_that_nobody_swept_up_is_named(issue):
    put(
        issue,
        0,
        DeliveryState.CLAIMED,
        token=uuid.uuid4(),
        lease_until=Now() - timedelta(minutes=10),
    )
    assert "1 leases ran out" in imbalances(issue)[0]


def test_a_message_begun_after_its_reader_left_is_named(issue):
    put(issue, 0, "sent")
    reader = issue.deliveries.order_by("pk").first().subscriber
    Subscriber.objects.filter(pk=reader.pk).update(
        state="unsubscribed", left_at=timezone.now() - timedelta(hours=1)
    )
    assert "after their reader had left" in imbalances(issue)[0]


def test_an_issue_that_was_never_planned_has_empty_books():
    issue = make_approved_issue()
    assert books(issue).balanced
    assert books(issue).seconds is None


def test_the_books_are_read_in_one_statement(issue, django_assert_num_queries):
    # The rows with the audience, and the times: what moves between two counts counts twice.
    with django_assert_num_queries(2):
        books(issue)
