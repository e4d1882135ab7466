"""Messages that come too late to be news: not sent, and in the books with their reason."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail

from newsletter import steering, ticking
from newsletter.approving import approve
from newsletter.auditing import books, imbalances
from newsletter.models import Issue
from newsletter.planning import plan
from newsletter.retrying import RETRY_MINUTES, missed, result_of
from newsletter.sending import drain
from newsletter.states import DeliveryState, IssueState
from newsletter.transport import Outcome, Verdict
from tests.factories import make_approved_issue, make_issue, make_reader, make_source, make_story

pytestmark = pytest.mark.django_db

FRIDAY = date(2026, 11, 20)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AT_SEVEN = datetime(2026, 11, 20, 7, tzinfo=UTC)
DEADLINE = AT_SEVEN + DAY
GREYLISTED = Outcome(Verdict.LATER, reply="451 4.7.1 come again")
UNREACHABLE = Outcome(Verdict.LATER, reply="no route", never_began=True)


def planned(**fields) -> Issue:
    """Return an issue that was planned in time, of which nothing was sent."""
    make_reader("ada@example.com", **fields)
    issue = make_issue()
    make_story(issue, make_source())
    approve(issue, now=AT_SEVEN - DAY)
    plan(issue, now=AT_SEVEN - HOUR)
    return issue


def work(issue, at):
    return drain(issue.pk, clock=lambda: at)


def test_a_message_that_could_not_be_begun_in_time_is_missed_and_not_sent():
    issue = planned()
    done = work(issue, DEADLINE + HOUR)
    row = issue.deliveries.get()
    assert (row.state, row.reason) == (
        DeliveryState.FAILED,
        "missed: not begun by 2026-11-21 07:00 UTC",
    )
    assert (done.failed, mail.outbox) == (1, [])
    assert (row.attempts, row.intent_at, row.revision) == (0, None, None)
    assert books(issue).failed == books(issue).missed == 1
    assert imbalances(issue) == []


def test_at_its_deadline_a_message_still_goes_out():
    issue = planned()
    assert work(issue, DEADLINE).sent == 1


def test_what_has_no_deadline_goes_out_at_any_time():
    issue = planned()
    issue.deliveries.update(deadline=None)
    assert work(issue, DEADLINE + 365 * DAY).sent == 1


def test_a_missed_message_is_not_composed(monkeypatch):
    issue = planned()

    def compose(*args, **kwargs):
        raise AssertionError("nobody gets it")

    monkeypatch.setattr("newsletter.composing.Composer.compose", compose)
    assert work(issue, DEADLINE + HOUR).failed == 1
    assert issue.deliveries.get().reason.startswith("missed: ")


def test_who_left_meanwhile_has_missed_nothing():
    issue = planned()
    issue.deliveries.get().subscriber.delete()
    assert work(issue, DEADLINE + HOUR).skipped == 1
    assert books(issue).missed == 0


def test_a_missed_message_says_why_it_waited():
    issue = planned()
    issue.deliveries.update(reason="451 4.7.1 come again", attempts=2)
    work(issue, DEADLINE + HOUR)
    row = issue.deliveries.get()
    assert row.reason == "missed: not begun by 2026-11-21 07:00 UTC; 451 4.7.1 come again"
    assert len(missed(DEADLINE, "x" * 500)) == 300


def test_after_days_without_a_tick_only_the_newest_daily_goes_out():
    make_reader("ada@example.com")
    days = [FRIDAY + days * DAY for days in (-2, -1, 0)]
    issues = [make_approved_issue(end=day) for day in days]
    now = AT_SEVEN + HOUR
    Issue.objects.update(approved_at=AT_SEVEN - 3 * DAY)
    assert ticking.tick(now) == [issue.pk for issue in issues]
    sent = [work(issue, now).sent for issue in issues]
    ticking.close_finished(now)
    assert sent == [0, 0, 1]
    assert [books(issue).missed for issue in issues] == [1, 1, 0]
    assert set(Issue.objects.values_list("state", flat=True)) == {IssueState.SENT}


def test_an_issue_that_was_confirmed_late_goes_out():
    make_reader("ada@example.com")
    issue = make_issue()
    make_story(issue, make_source())
    late = AT_SEVEN + 5 * DAY
    approve(issue, now=late, confirmed_late=True)
    assert ticking.tick(late + HOUR) == [issue.pk]
    assert work(issue, late + HOUR).sent == 1


def test_an_issue_that_an_editor_resumes_after_days_goes_out():
    issue = planned()
    steering.pause(issue)
    steering.resume(issue, now=DEADLINE + 3 * DAY)
    assert work(issue, DEADLINE + 3 * DAY).sent == 1


@pytest.mark.parametrize("attempts", range(1, len(RETRY_MINUTES) + 1))
def test_a_message_is_given_up_where_the_next_attempt_would_come_too_late(attempts):
    longest = timedelta(minutes=RETRY_MINUTES[attempts - 1] * 1.2)
    now = DEADLINE - longest
    assert result_of(GREYLISTED, attempts=attempts, now=now, deadline=DEADLINE).state == "pending"
    now = DEADLINE - longest * 0.6
    result = result_of(GREYLISTED, attempts=attempts, now=now, deadline=DEADLINE)
    assert (result.state, result.due_at) == (DeliveryState.FAILED, None)
    assert result.reason == (
        "given up: it may not be sent after 2026-11-21 07:00 UTC: 451 4.7.1 come again"
    )


def test_a_server_that_asks_for_more_time_than_is_left_gets_none():
    asked = Outcome(Verdict.LATER, reply="slow down", retry_after=7_200)
    assert result_of(asked, attempts=1, now=DEADLINE - HOUR, deadline=DEADLINE).state == "failed"
    assert result_of(asked, attempts=1, now=DEADLINE - HOUR).state == "pending"


def test_what_no_server_could_be_reached_for_waits_on_until_somebody_looks():
    result = result_of(UNREACHABLE, attempts=1, now=DEADLINE, deadline=DEADLINE)
    assert (result.state, result.tried) == (DeliveryState.PENDING, False)
