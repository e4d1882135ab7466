"""So many refusals that they are about us, counted over all workers and hours."""

import pytest
from django.utils import timezone

from newsletter.auditing import books
from newsletter.models import Delivery
from newsletter.refusals import FEWEST, is_storm, passes_a_mark
from newsletter.retrying import result_of
from newsletter.sending import drain
from newsletter.states import DeliveryState
from newsletter.steering import send_now
from newsletter.transport import Outcome, Verdict
from tests.deliveries import NOW, make_delivery, sending_issue
from tests.factories import make_reader, make_source
from tests.sends import prepared, through
from tests.smtp import Script, SmtpServer


def refused(issue, number, **about):
    """Refuse so many messages as a server would, and write it down as a worker does."""
    outcome = Outcome(Verdict.REFUSED, "550 no", **about)
    result = result_of(outcome, attempts=1, now=NOW)
    for _ in range(number):
        make_delivery(issue, result.state, reason=result.reason)


def taken(issue, number, state=DeliveryState.SENT):
    for _ in range(number):
        make_delivery(issue, state)


@pytest.mark.django_db
def test_refusals_that_come_one_by_one_are_a_storm_at_twenty_and_at_its_doubles():
    issue = sending_issue()
    for number in range(1, 81):
        refused(issue, 1)
        assert is_storm(issue.pk, fresh=1) is (number in {20, 40, 80}), number


@pytest.mark.django_db
def test_refusals_of_several_that_are_written_together_are_not_overlooked():
    issue = sending_issue()
    refused(issue, 17)
    assert not is_storm(issue.pk, fresh=17)
    refused(issue, 7)
    assert is_storm(issue.pk, fresh=7)
    refused(issue, 7)
    assert not is_storm(issue.pk, fresh=7)


@pytest.mark.django_db
@pytest.mark.parametrize("about", ["no_such_address", "about_recipient"])
def test_what_is_refused_for_its_recipient_is_about_readers(about):
    issue = sending_issue()
    refused(issue, 19)
    refused(issue, 30, **{about: True})
    assert not is_storm(issue.pk, fresh=30)
    refused(issue, 1)
    assert is_storm(issue.pk, fresh=1)


@pytest.mark.django_db
def test_a_quarter_of_recipients_called_gone_is_a_storm_and_a_few_are_none():
    issue = sending_issue()
    refused(issue, 20, no_such_address=True)
    taken(issue, 60)
    assert not is_storm(issue.pk, fresh=0, of_recipients=1)
    Delivery.objects.filter(issue=issue, state=DeliveryState.SENT).first().delete()
    assert is_storm(issue.pk, fresh=0, of_recipients=1)


@pytest.mark.django_db
def test_twenty_refusals_among_many_messages_are_none():
    issue = sending_issue()
    refused(issue, 20)
    # Who waits, and what ended otherwise, says nothing about refusals.
    taken(issue, 50, DeliveryState.PENDING)
    taken(issue, 379)
    assert is_storm(issue.pk, fresh=1)
    taken(issue, 1, DeliveryState.BOUNCED)
    assert not is_storm(issue.pk, fresh=1)


@pytest.mark.django_db
def test_refusals_of_another_issue_are_none_of_this(django_assert_num_queries):
    refused(sending_issue(), 20)
    other = make_delivery(sending_issue(kind="weekly")).issue
    assert not is_storm(other.pk, fresh=1)
    with django_assert_num_queries(0):
        assert not is_storm(other.pk, fresh=0)


@pytest.mark.parametrize("batch", [1, 2, 7, 19, 50])
def test_every_mark_is_passed_once_however_many_are_written_at_a_time(batch):
    looks = [number for number in range(batch, 1000, batch) if passes_a_mark(number, batch)]
    marks = [FEWEST << doublings for doublings in range(6)]
    reached = sorted({-(-mark // batch) * batch for mark in marks if mark < 1000})
    assert looks == [number for number in reached if number < 1000]


@pytest.mark.django_db
def test_an_issue_of_which_every_other_message_is_refused_is_paused_in_whatever_rounds(settings):
    for _ in range(60):
        make_reader()
    issue = prepared(make_source())
    answers = ["554 5.7.1 we do not like you", "250 2.0.0 taken"] * 60
    with SmtpServer(Script({"dot": answers})) as server:
        through(server, settings)
        send_now(issue, now=timezone.now())
        for _ in range(60):
            # Each round ends after three messages that were taken: none sees twenty refusals.
            enough = len(server.taken) + 3
            drain(issue.pk, stop=lambda enough=enough: len(server.taken) >= enough)
            issue.refresh_from_db()
            if issue.state == "paused":
                break
    assert issue.state == "paused"
    assert "were refused" in issue.state_reason
    assert FEWEST <= books(issue).failed <= FEWEST + 1
