"""Reports of providers and mail servers: late, twice, in any order, and still the same end."""

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter import ledger
from newsletter.auditing import imbalances
from newsletter.bounces import Bounce
from newsletter.ledger import Result
from newsletter.models import Delivery, DeliveryEvent, Issue
from newsletter.states import ACCEPTED, DELIVERY_MOVES, DeliveryState, IssueState
from newsletter.tracking import DeliveryFact, Reconciled, reconcile, record
from newsletter.tracking.facts import moment, told
from newsletter.tracking.verdicts import VERDICTS
from subscribers.models import Subscriber
from tests.deliveries import (
    NOW,
    make_delivery,
    report,
    sending_issue,
    state_of,
)

pytestmark = pytest.mark.django_db

State = DeliveryState
ORDERS = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
kinds = st.sampled_from([kind.value for kind in DeliveryEvent.Kind if kind != "settled"])


@pytest.fixture
def issue():
    return sending_issue()


@pytest.mark.parametrize(
    ("before", "kind", "after"),
    [
        ("sent", "delivered", "delivered"),
        ("sent", "bounced", "bounced"),
        ("sent", "complained", "complained"),
        ("sent", "rejected", "bounced"),
        ("sent", "deferred", "sent"),
        ("sent", "auto_replied", "sent"),
        ("sent", "unsubscribed", "sent"),
        ("delivered", "bounced", "bounced"),
        ("delivered", "rejected", "delivered"),
        ("delivered", "deferred", "delivered"),
        ("ambiguous", "delivered", "delivered"),
        ("ambiguous", "bounced", "bounced"),
        ("ambiguous", "complained", "complained"),
        ("ambiguous", "rejected", "failed"),
        ("ambiguous", "deferred", "ambiguous"),
        ("sending", "delivered", "delivered"),
        ("sending", "rejected", "failed"),
        ("failed", "delivered", "delivered"),
        ("failed", "rejected", "failed"),
        ("cancelled", "delivered", "delivered"),
    ],
)
def test_a_report_moves_a_row_as_the_table_says(before, kind, after):
    delivery = make_delivery(sending_issue(), State(before))
    assert report(delivery, kind)
    assert state_of(delivery) == after


@ORDERS
@given(st.sampled_from(sorted(ACCEPTED)), st.lists(kinds, max_size=8))
def test_what_was_sent_is_never_unmade(issue, state, reported):
    with transaction.atomic():
        delivery = make_delivery(issue, State(state))
        for kind in reported:
            report(delivery, kind)
            assert state_of(delivery) in ACCEPTED
        transaction.set_rollback(True)


def test_reports_move_sent_rows_only_along_the_table_of_moves():
    for moves in VERDICTS.values():
        for before in ACCEPTED | {State.AMBIGUOUS}:
            after = moves.get(before, before)
            assert after == before or after in DELIVERY_MOVES[before] | ACCEPTED


@pytest.mark.parametrize("state", ["pending", "claimed"])
def test_a_row_that_a_restored_database_forgot_is_not_sent_again(state):
    issue = sending_issue()
    delivery = make_delivery(issue, State(state))
    report(delivery, "delivered")
    assert state_of(delivery) == "delivered"
    assert not ledger.claim(issue.pk, now=NOW).delivery_ids
    assert "no revision" not in " ".join(imbalances(issue))


@pytest.mark.parametrize("state", ["sending", "ambiguous"])
@pytest.mark.parametrize("late", [State.SENT, State.PENDING, State.FAILED, State.AMBIGUOUS])
@pytest.mark.parametrize(
    ("kind", "verdict"),
    [("delivered", "delivered"), ("bounced", "bounced"), ("rejected", "failed")],
)
def test_a_late_worker_does_not_undo_what_was_reported(state, late, kind, verdict):
    delivery = make_delivery(sending_issue(), State(state))
    report(delivery, kind)
    result = Result(late, reason="as told", due_at=NOW)
    assert not ledger.settle(delivery.pk, delivery.token, result)
    assert state_of(delivery) == verdict


def test_a_report_of_an_unknown_message_changes_nothing():
    make_delivery(sending_issue())
    unknown = DeliveryFact(uuid.uuid4(), DeliveryEvent.Kind.BOUNCED, NOW, "a", bounce=Bounce.GONE)
    assert not record(unknown, now=NOW)
    nameless = DeliveryFact(None, DeliveryEvent.Kind.BOUNCED, NOW, "b", bounce=Bounce.GONE)
    assert not record(nameless, now=NOW)
    assert not DeliveryEvent.objects.exists()


def test_a_report_about_a_deleted_reader_still_balances_the_books():
    delivery = make_delivery(sending_issue(), State.AMBIGUOUS)
    Subscriber.objects.all().delete()
    assert report(delivery, "complained")
    assert state_of(delivery) == "complained"


def test_what_is_reported_of_a_deleted_reader_is_kept_without_the_servers_words():
    delivery = make_delivery(sending_issue())
    Subscriber.objects.all().delete()
    assert report(delivery, "bounced", detail="Ada Lovelace works here no more")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("bounced", "bounced")
    assert delivery.events.values_list("detail", "bounce").get() == ("", "soft")


def test_a_bounce_is_told_in_the_servers_words_and_judged_in_a_column():
    delivery = make_delivery(sending_issue())
    report(delivery, "bounced", detail="550 no such user", bounce=Bounce.GONE)
    report(delivery, "deferred", detail="soft: come again")
    assert list(delivery.events.order_by("pk").values_list("detail", "bounce")) == [
        ("550 no such user", "gone"),
        ("soft: come again", ""),
    ]


def test_what_a_provider_rejected_is_tried_again_by_any():
    delivery = make_delivery(sending_issue(), State.AMBIGUOUS, mailer="eu")
    report(delivery, "rejected")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.mailer) == ("failed", "")


def test_reconciling_leaves_nothing_doubtful_and_all_verdicts_right():
    issue = sending_issue()
    rows = [make_delivery(issue, State.AMBIGUOUS, mailer="eu") for _ in range(7)]
    taken = {row.uid for row in rows[:4]}
    assert reconcile(issue.pk, lambda row: row.uid in taken, now=NOW) == Reconciled(4, 3, 0)
    assert {row.uid for row in issue.deliveries.filter(state="sent")} == taken
    # Proven not to be with any mailer: tried again, they may go through any.
    assert issue.deliveries.filter(state="failed", mailer="").count() == 3
    assert DeliveryEvent.objects.filter(kind="settled").count() == 7
    assert reconcile(issue.pk, lambda row: row.uid in taken, now=NOW) == Reconciled()


def test_messages_proven_absent_are_sent_again_only_where_the_operator_says_so():
    issue = sending_issue()
    delivery = make_delivery(issue, State.AMBIGUOUS)
    assert reconcile(issue.pk, lambda row: False, now=NOW, absent=None) == Reconciled(left=1)
    assert reconcile(issue.pk, lambda row: False, now=NOW, absent=State.PENDING).absent == 1
    assert state_of(delivery) == "pending"
    assert not ledger.settle(delivery.pk, delivery.token, Result(State.SENT))
    assert ledger.claim(issue.pk, now=NOW).delivery_ids == (delivery.pk,)


def test_a_row_that_becomes_doubtful_anew_while_it_is_judged_is_left_to_the_next_reading():
    issue = sending_issue()
    delivery = make_delivery(issue, State.AMBIGUOUS)

    def judged(row):
        Delivery.objects.update(token=uuid.uuid4())
        return False

    assert reconcile(issue.pk, judged, now=NOW, absent=State.PENDING) == Reconciled(left=1)
    assert state_of(delivery) == "ambiguous"


def test_nothing_is_sent_again_of_an_issue_that_is_over():
    issue = sending_issue()
    delivery = make_delivery(issue, State.AMBIGUOUS)
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.SENT)
    reconcile(issue.pk, lambda row: False, now=NOW, absent=State.PENDING)
    assert state_of(delivery) == "failed"


def test_a_doubtful_message_cannot_be_reconciled_to_just_anything():
    with pytest.raises(ValueError, match="cancelled"):
        reconcile(1, lambda row: False, now=NOW, absent=State.CANCELLED)


@given(st.text(max_size=400))
def test_words_of_servers_are_kept_as_one_line_without_addresses(words):
    line = told(f"{words} ada@example.com {words}")
    assert len(line) <= 300
    assert "@" not in line or "ada@" not in line
    assert all(character.isprintable() or character in "\u200c\u200d" for character in line)


def test_a_report_from_the_future_happened_now_and_one_without_a_clock_too():
    now = timezone.now()
    assert moment(now + timedelta(days=1), now) == now
    assert moment(None, now) == now
    assert moment(now.replace(tzinfo=None, year=1), now).year == 2000
