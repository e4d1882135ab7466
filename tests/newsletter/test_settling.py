"""What an operator says of doubtful and failed messages."""

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection, transaction

from newsletter import ledger, settling, steering
from newsletter.auditing import imbalances
from newsletter.ledger import Result
from newsletter.models import Delivery, DeliveryEvent, Issue
from newsletter.sending import drain
from newsletter.settling import Answer, by_hand
from newsletter.states import DeliveryState as State
from newsletter.states import IssueState
from tests.deliveries import NOW, make_delivery, sending_issue, state_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
DOUBTFUL = [Answer.ARRIVED, Answer.NOT_ARRIVED, Answer.SEND_AGAIN]


def settle(answer, rows=None, by="ada"):
    return settling.settle(answer, Delivery.objects.all() if rows is None else rows, by=by, now=NOW)


def doubtful(issue=None, **fields):
    return make_delivery(issue or sending_issue(), State.AMBIGUOUS, **{"mailer": "eu", **fields})


def failed(issue=None, **fields):
    return make_delivery(issue or sending_issue(), State.FAILED, **{"mailer": "eu", **fields})


def close(issue, state=IssueState.SENT):
    Issue.objects.filter(pk=issue.pk).update(state=state)


@pytest.mark.parametrize(
    ("answer", "made", "expected"),
    [
        (Answer.ARRIVED, doubtful, State.SENT),
        (Answer.NOT_ARRIVED, doubtful, State.FAILED),
        (Answer.SEND_AGAIN, doubtful, State.PENDING),
        (Answer.TRY_AGAIN, failed, State.PENDING),
    ],
)
def test_an_operator_settles_a_message_once_and_it_is_written_down_who(answer, made, expected):
    row = made(reason="451 come again")
    assert settle(answer) == 1
    assert settle(answer) == 0
    assert state_of(row) == expected
    event = DeliveryEvent.objects.get()
    assert (event.kind, event.at) == ("settled", NOW)
    # Without the server's words, which go with a forgotten reader.
    assert event.detail == f"ada: {answer}"
    assert imbalances(row.issue) == ["The audience is 0, but 1 rows are accounted for."]


def test_what_arrived_was_sent_when_it_was_begun():
    row = doubtful()
    settle(Answer.ARRIVED)
    again = Delivery.objects.get()
    assert (again.sent_at, again.reason, again.token) == (row.intent_at, "", None)


@pytest.mark.parametrize(
    ("answer", "made"), [(Answer.SEND_AGAIN, doubtful), (Answer.TRY_AGAIN, failed)]
)
def test_what_is_sent_again_is_due_now_with_all_its_attempts_and_its_whole_time(answer, made):
    made(attempts=6, deadline=NOW - 3 * DAY)
    settle(answer)
    row = Delivery.objects.get()
    assert (row.due_at, row.attempts, row.deadline) == (NOW, 0, NOW + DAY)


def test_the_deadline_is_that_of_each_issues_kind():
    rows = [
        failed(sending_issue(kind=kind), deadline=NOW - 3 * DAY) for kind in ("daily", "weekly")
    ]
    settle(Answer.TRY_AGAIN)
    for row, days in zip(rows, (1, 2), strict=True):
        row.refresh_from_db()
        assert row.deadline == NOW + days * DAY


def test_a_doubtful_message_goes_through_the_mailer_that_may_have_it():
    doubtful(mailer="eu")
    settle(Answer.SEND_AGAIN)
    assert Delivery.objects.get().mailer == "eu"


def test_what_did_not_arrive_may_go_through_any_mailer():
    doubtful(mailer="eu")
    settle(Answer.NOT_ARRIVED)
    settle(Answer.TRY_AGAIN)
    assert Delivery.objects.get().mailer == ""


@pytest.mark.parametrize("pinned", ["", "eu"])
def test_what_failed_is_tried_again_through_the_mailer_that_may_have_it_if_there_is_one(pinned):
    row = make_delivery(sending_issue(), State.SENDING, mailer="eu")
    assert ledger.settle(row.pk, row.token, Result(State.FAILED, "refused", mailer=pinned))
    settle(Answer.TRY_AGAIN)
    again = Delivery.objects.get()
    assert (again.state, again.mailer) == ("pending", pinned)


def test_what_was_doubtful_and_missed_its_deadline_stays_with_the_mailer_that_may_have_it():
    row = doubtful(mailer="default", deadline=NOW)
    settle(Answer.SEND_AGAIN)
    assert drain(row.issue_id, clock=lambda: NOW + 2 * DAY).failed == 1
    settle(Answer.TRY_AGAIN)
    assert Delivery.objects.get().mailer == "default"


@pytest.mark.parametrize("answer", DOUBTFUL)
def test_a_late_worker_cannot_settle_what_an_operator_settled(answer):
    row = doubtful()
    settle(answer)
    before = state_of(row)
    for state in (State.SENT, State.FAILED, State.AMBIGUOUS):
        assert not ledger.settle(row.pk, row.token, Result(state, reason="late"))
    assert state_of(row) == before


def test_the_next_claim_has_a_token_of_its_own_and_the_message_goes_out(settings):
    row = doubtful(mailer="default")
    settle(Answer.SEND_AGAIN)
    assert drain(row.issue_id, clock=lambda: NOW).sent == 1
    again = Delivery.objects.get()
    assert again.token not in (None, row.token)
    assert mail.outbox[0].extra_headers["Message-ID"].startswith(f"<{row.uid}@")


def test_a_missed_message_that_is_tried_again_goes_out():
    row = failed(reason="missed: not begun by 2026-11-20 07:00 UTC", deadline=NOW - DAY)
    settle(Answer.TRY_AGAIN)
    assert drain(row.issue_id, clock=lambda: NOW).sent == 1


@pytest.mark.parametrize("state", [IssueState.SENT, IssueState.CANCELLED])
def test_of_a_closed_issue_nothing_is_sent_again_but_no_doubt_need_remain(state):
    issue = sending_issue()
    rows = [doubtful(issue), doubtful(issue), failed(issue)]
    close(issue, state)
    assert settle(Answer.SEND_AGAIN) == settle(Answer.TRY_AGAIN) == 0
    assert settle(Answer.ARRIVED, Delivery.objects.filter(pk=rows[0].pk)) == 1
    assert settle(Answer.NOT_ARRIVED) == 1
    assert [state_of(row) for row in rows] == ["sent", "failed", "failed"]
    assert not Delivery.objects.doubtful().exists()


def test_of_a_paused_issue_messages_wait_until_it_goes_on():
    row = doubtful()
    steering.pause(row.issue)
    assert settle(Answer.SEND_AGAIN) == 1
    assert drain(row.issue_id, clock=lambda: NOW).rows == 0


def test_a_welcome_is_sent_again_out_of_an_issue_that_was_sent():
    row = failed(occasion=Delivery.Occasion.WELCOME)
    close(row.issue)
    assert settle(Answer.TRY_AGAIN) == 1
    assert Delivery.objects.get().deadline is None


@pytest.mark.parametrize("answer", Answer)
def test_nothing_is_said_of_rows_in_any_other_state(answer):
    issue = sending_issue()
    rows = {state: make_delivery(issue, state) for state in State}
    of = rows.pop(State.FAILED if answer is Answer.TRY_AGAIN else State.AMBIGUOUS)
    assert settle(answer) == 1
    assert {state: state_of(row) for state, row in rows.items()} == {state: state for state in rows}
    assert DeliveryEvent.objects.get().delivery == of


def test_many_are_settled_in_batches_and_only_those_that_were_meant(monkeypatch):
    monkeypatch.setattr(by_hand, "BATCH", 2)
    issue = sending_issue()
    rows = [doubtful(issue) for _ in range(5)]
    other = doubtful(issue)
    assert settle(Answer.ARRIVED, Delivery.objects.exclude(pk=other.pk)) == 5
    assert {state_of(row) for row in rows} == {"sent"}
    assert state_of(other) == "ambiguous"


def test_a_message_may_be_settled_as_often_as_it_becomes_doubtful():
    row = doubtful()
    for _ in range(2):
        assert settle(Answer.SEND_AGAIN) == 1
        Delivery.objects.update(state=State.AMBIGUOUS)
    assert row.events.count() == 2


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_what_a_late_worker_is_just_settling_is_left_to_it():
    row = doubtful()
    found = []

    def operator():
        found.append(settle(Answer.SEND_AGAIN))
        connection.close()

    with transaction.atomic():
        assert ledger.settle(row.pk, row.token, Result(State.SENT))
        thread = threading.Thread(target=operator)
        thread.start()
        thread.join(timeout=10)
        assert found == [0]
    assert state_of(row) == "sent"
