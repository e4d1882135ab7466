"""What reports mean for readers and for the rest of an issue."""

from datetime import timedelta
from random import Random

import pytest

from newsletter.bounces import Bounce
from newsletter.models import DeliveryEvent, Issue
from newsletter.states import IssueState
from newsletter.steering import cancel
from newsletter.tracking import record
from newsletter.tracking.readers import SOFT_BOUNCES_IN_A_ROW
from subscribers.models import ConsentEvent, Subscriber
from subscribers.suppression import lift
from tests.deliveries import (
    LONG_AGO,
    NOW,
    fact,
    make_delivery,
    report,
    sending_issue,
    state_of,
)
from tests.factories import make_reader
from tests.subscribers.races import both_at_once, needs_rows_locked

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "bounce", "suppression"),
    [
        ("bounced", Bounce.GONE, "bounced"),
        ("bounced", Bounce.SOFT, ""),
        ("bounced", Bounce.POLICY, ""),
        ("complained", None, "complained"),
        ("rejected", None, ""),
        ("deferred", None, ""),
    ],
)
def test_only_addresses_that_are_gone_and_complaints_suppress(kind, bounce, suppression):
    delivery = make_delivery(sending_issue())
    report(delivery, kind, bounce=bounce)
    assert Subscriber.objects.get().suppression == suppression


def test_an_unsubscribed_report_ends_that_edition_alone():
    delivery = make_delivery(sending_issue())
    report(delivery, "unsubscribed")
    reader = Subscriber.objects.get()
    assert (reader.wants_daily, reader.wants_weekly, reader.state) == (False, True, "active")
    assert reader.consent_events.get().origin == "provider"


@pytest.mark.parametrize(("kind", "bounce"), [("complained", None), ("bounced", Bounce.GONE)])
def test_who_came_back_since_is_not_sent_away_by_an_old_report(kind, bounce):
    reader = make_reader(confirmed_at=NOW)
    delivery = make_delivery(sending_issue(), reader=reader)
    report(delivery, kind, bounce=bounce, at=NOW - timedelta(days=1))
    assert Subscriber.objects.get().state == "active"


def test_a_bounce_of_the_old_address_does_not_harm_the_new_one():
    delivery = make_delivery(sending_issue())
    reader = delivery.subscriber
    ConsentEvent.objects.create(
        subscriber=reader, kind="moved", origin="link", at=NOW - timedelta(minutes=30)
    )
    report(delivery, "bounced", bounce=Bounce.GONE)
    assert state_of(delivery) == "bounced"
    assert Subscriber.objects.get().state == "active"


def soft_history(reader, number, first_day=0):
    """Let so many dailies, one a day, come back softly."""
    for day in range(first_day, first_day + number):
        at = NOW - timedelta(days=30 - day)
        issue = sending_issue(end=at.date())
        delivery = make_delivery(issue, reader=reader, intent_at=at, sent_at=at)
        report(delivery, "bounced", at=at)
    return delivery


def test_soft_bounces_in_a_row_suppress_and_fewer_do_not():
    reader = make_reader(confirmed_at=LONG_AGO)
    soft_history(reader, SOFT_BOUNCES_IN_A_ROW - 1)
    reader.refresh_from_db()
    assert (reader.state, reader.soft_bounces) == ("active", SOFT_BOUNCES_IN_A_ROW - 1)
    soft_history(reader, 1, first_day=10)
    reader.refresh_from_db()
    assert reader.suppression == "bounced"


def test_a_delivered_message_ends_the_row_of_soft_bounces():
    reader = make_reader(confirmed_at=LONG_AGO)
    soft_history(reader, SOFT_BOUNCES_IN_A_ROW - 1)
    report(make_delivery(sending_issue(), reader=reader), "delivered")
    reader.refresh_from_db()
    assert (reader.state, reader.soft_bounces) == ("active", 0)


def test_a_message_delivered_and_then_returned_does_not_end_the_row():
    reader = make_reader(confirmed_at=LONG_AGO)
    last = soft_history(reader, 2)
    report(last, "delivered", at=NOW)
    reader.refresh_from_db()
    assert reader.soft_bounces == 2


def test_only_what_is_judged_soft_is_counted_whatever_a_server_says():
    reader = make_reader(confirmed_at=LONG_AGO)
    policy = make_delivery(sending_issue(end=LONG_AGO.date()), reader=reader)
    report(policy, "bounced", bounce=Bounce.POLICY, detail="soft: we do not like you")
    soft_history(reader, 2)
    reader.refresh_from_db()
    assert reader.soft_bounces == 2


# What became of messages, one a day from day 0 on, as a mail server tells it: nothing but
# bounces. Day 40 is now. "b" is a soft bounce, "p" one for policy, "." silence.
@pytest.mark.parametrize(
    ("history", "number"),
    [
        ("bbbb", 4),
        ("bbbb..b", 1),
        ("b.b.b.b.b.", 0),
        (".bbbb", 4),
        ("bb.bb", 2),
        # A bounce may still come of what was sent within the week.
        ("-" * 30 + "bb.bb", 2),
        ("-" * 33 + "bb.b", 3),
        ("-" * 34 + "b.b.b.", 3),
        # What came back, for whatever reason, did not arrive.
        ("bbpb", 3),
    ],
)
@pytest.mark.parametrize("shuffled", range(2))
def test_a_message_of_which_nothing_is_heard_for_a_week_ends_the_row(history, number, shuffled):
    reader = make_reader(confirmed_at=LONG_AGO)
    returned = []
    for day, what in enumerate(history):
        at = NOW - timedelta(days=40 - day)
        if what == "-":
            continue
        issue = sending_issue(end=at.date())
        delivery = make_delivery(issue, reader=reader, intent_at=at, sent_at=at)
        if what != ".":
            returned.append((delivery, at, Bounce.SOFT if what == "b" else Bounce.POLICY))
    Random(shuffled).shuffle(returned)
    for delivery, at, bounce in returned:
        report(delivery, "bounced", at=at + timedelta(minutes=5), bounce=bounce)
    reader.refresh_from_db()
    assert (reader.state, reader.soft_bounces) == ("active", number)


def test_five_full_mailboxes_over_years_do_not_suppress_who_hears_from_a_mail_server():
    reader = make_reader(confirmed_at=LONG_AGO - timedelta(days=3650))
    for year in range(SOFT_BOUNCES_IN_A_ROW + 1):
        at = NOW - timedelta(days=365 * (6 - year))
        for day, bounced in enumerate((True, False)):
            sent_at = at + timedelta(days=day)
            issue = sending_issue(end=sent_at.date())
            delivery = make_delivery(issue, reader=reader, intent_at=sent_at, sent_at=sent_at)
            if bounced:
                record(fact(delivery, "bounced", at=sent_at), now=sent_at)
    reader.refresh_from_db()
    assert (reader.state, reader.soft_bounces) == ("active", 1)


def test_a_late_bounce_of_what_seemed_to_have_arrived_counts_what_was_before_it():
    reader = make_reader(confirmed_at=LONG_AGO)
    at = NOW - timedelta(days=20)
    late = make_delivery(sending_issue(), reader=reader, intent_at=at, sent_at=at)
    soft_history(reader, 3)
    reader.refresh_from_db()
    assert reader.soft_bounces == 0
    report(late, "bounced", bounce=Bounce.POLICY)
    reader.refresh_from_db()
    assert reader.soft_bounces == 3


def test_a_suppression_that_was_lifted_begins_a_new_row():
    reader = make_reader(confirmed_at=LONG_AGO)
    soft_history(reader, SOFT_BOUNCES_IN_A_ROW)
    lift(reader.pk, now=NOW - timedelta(days=10))
    soft_history(reader, 1, first_day=25)
    reader.refresh_from_db()
    assert (reader.state, reader.soft_bounces) == ("active", 1)


def test_an_operator_who_resumes_after_a_storm_is_asked_again_at_twice_the_number():
    issue = sending_issue()
    for number in range(1, 41):
        Issue.objects.filter(pk=issue.pk).update(state=IssueState.SENDING)
        delivery = make_delivery(issue)
        report(delivery, "bounced")
        report(delivery, "bounced")
        issue.refresh_from_db()
        assert (issue.state == IssueState.PAUSED) is (number in {20, 40}), number


def test_a_storm_after_the_last_message_pauses_nothing():
    issue = sending_issue()
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.SENT)
    for _ in range(20):
        report(make_delivery(issue), "bounced")
    issue.refresh_from_db()
    assert issue.state == IssueState.SENT


# --- At once --------------------------------------------------------------------------------


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_the_same_report_twice_at_once_is_recorded_once():
    told = fact(make_delivery(sending_issue()), "bounced", bounce=Bounce.GONE)
    assert both_at_once(lambda: record(told, now=NOW), lambda: record(told, now=NOW)) == {
        True,
        False,
    }
    assert DeliveryEvent.objects.count() == 1


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_of_bounces_that_come_at_once_the_one_too_many_is_noticed():
    issue = sending_issue()
    for _ in range(18):
        report(make_delivery(issue), "bounced")
    facts = [fact(make_delivery(issue), "bounced") for _ in range(2)]
    both_at_once(*[lambda told=told: record(told, now=NOW) for told in facts])
    issue.refresh_from_db()
    assert issue.state == IssueState.PAUSED


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_a_report_and_a_cancelled_issue_do_not_hold_each_other_up():
    issue = sending_issue()
    told = fact(make_delivery(issue), "complained")
    found = both_at_once(lambda: record(told, now=NOW), lambda: cancel(issue, now=NOW))
    assert not any(isinstance(one, Exception) for one in found)
