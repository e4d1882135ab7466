"""Several mailers: who takes what, and that what one may have goes to no other."""

from datetime import timedelta

import pytest
from django.utils import timezone

from newsletter import mailers, steering
from newsletter.auditing import books, imbalances
from newsletter.models import Delivery, Issue, MailerState
from newsletter.sending import drain
from newsletter.states import DeliveryState, IssueState
from newsletter.steering import send_now
from newsletter.ticking import tick
from tests.factories import make_reader, make_source
from tests.relays import relay
from tests.sends import prepared, sent
from tests.smtp import DROP_AFTER_TAKING, Script, SmtpServer, closed_port

pytestmark = pytest.mark.django_db

READERS = 6


@pytest.fixture
def issue():
    for number in range(READERS):
        make_reader(f"reader{number}@example.com")
    return prepared(make_source("The Rope Yard"))


def by_mailer(issue):
    rows = issue.deliveries.exclude(mailer="")
    return {
        name: rows.filter(mailer=name).count() for name in rows.values_list("mailer", flat=True)
    }


def test_a_fallback_gets_nothing_while_the_first_one_works(issue, settings):
    with SmtpServer() as first, SmtpServer() as second:
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1), relay("spare", second.port))
        assert sent(issue).sent == READERS
    assert (len(first.taken), second.taken) == (READERS, [])
    assert by_mailer(issue) == {"first": READERS}


def test_when_the_first_one_cannot_be_reached_the_fallback_takes_all_at_once(issue, settings):
    with SmtpServer() as spare:
        settings.OUTGOING_MAILERS = (relay("first", closed_port(), 1), relay("spare", spare.port))
        done = sent(issue)
    assert (done.sent, done.halted) == (READERS, "")
    assert len(set(spare.ids())) == len(spare.taken) == READERS
    assert by_mailer(issue) == {"spare": READERS}
    assert MailerState.objects.get(name="first").rests_until > timezone.now()


def test_one_that_refuses_us_waits_for_an_operator_and_the_others_go_on(issue, settings):
    script = Script({"mail": ["550 5.7.1 we do not know you"] * READERS})
    with SmtpServer(script) as first, SmtpServer() as spare:
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1), relay("spare", spare.port))
        assert sent(issue).sent == READERS
    issue.refresh_from_db()
    state = MailerState.objects.get(name="first")
    assert issue.state != IssueState.PAUSED
    assert (state.needs_operator, "do not know you" in state.reason) == (True, True)
    assert len(spare.taken) == READERS


def test_an_issue_is_paused_when_every_mailer_refuses_us(issue, settings):
    refusals = ["550 5.7.1 not you"] * READERS
    with (
        SmtpServer(Script({"mail": list(refusals)})) as first,
        SmtpServer(Script({"mail": list(refusals)})) as spare,
    ):
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1), relay("spare", spare.port))
        done = sent(issue)
        issue.refresh_from_db()
        assert (issue.state, books(issue).waiting) == (IssueState.PAUSED, READERS)
        assert "not you" in done.halted
        steering.resume(issue, now=timezone.now())
        first.script.answers.clear()
        assert drain(issue.pk).sent == READERS
    assert (len(first.taken), spare.taken) == (READERS, [])


def test_what_the_first_may_have_taken_never_goes_to_the_second(issue, settings):
    with (
        SmtpServer(Script({"dot": [DROP_AFTER_TAKING]})) as first,
        SmtpServer() as spare,
    ):
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1), relay("spare", spare.port))
        sent(issue)
        drain(issue.pk)
    doubtful = issue.deliveries.get(state=DeliveryState.AMBIGUOUS)
    assert doubtful.mailer == "first"
    taken = first.ids() + spare.ids()
    assert len(taken) == len(set(taken)) == READERS
    assert imbalances(issue) == []


def test_a_doubtful_message_that_is_sent_again_waits_for_the_mailer_that_may_have_it(
    issue, settings
):
    with SmtpServer() as first, SmtpServer() as spare:
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1), relay("spare", spare.port, 1))
        send_now(issue, now=timezone.now())
        row = issue.deliveries.order_by("pk").first()
        Delivery.objects.filter(pk=row.pk).update(mailer="first")
        mailers.rest(mailers.configured()[0], "away", now=timezone.now())
        drain(issue.pk)
        assert len(spare.taken) == READERS - 1
        row.refresh_from_db()
        assert (row.state, first.taken) == (DeliveryState.PENDING, [])
        mailers.wake_all()
        drain(issue.pk)
    assert len(first.taken) == 1
    assert len(spare.taken) == READERS - 1


def test_a_second_attempt_that_certainly_failed_still_belongs_to_the_first_mailer(issue, settings):
    with SmtpServer(Script({"rcpt": ["450 busy"]})) as first, SmtpServer() as spare:
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1), relay("spare", spare.port))
        send_now(issue, now=timezone.now())
        row = issue.deliveries.order_by("pk").first()
        Delivery.objects.filter(pk=row.pk).update(mailer="first")
        drain(issue.pk)
    row.refresh_from_db()
    assert (row.state, row.mailer) == (DeliveryState.PENDING, "first")


def test_a_message_that_was_certainly_not_taken_is_free_for_another_mailer(issue, settings):
    with SmtpServer(Script({"rcpt": ["450 busy"]})) as first:
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1), relay("spare", closed_port()))
        sent(issue)
    row = issue.deliveries.get(state=DeliveryState.PENDING)
    assert row.mailer == ""


def test_a_mailer_that_is_no_longer_set_leaves_its_doubts_to_the_others(issue, settings):
    with SmtpServer() as first:
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1),)
        send_now(issue, now=timezone.now())
        issue.deliveries.update(mailer="former")
        assert drain(issue.pk).sent == READERS


def test_a_fallback_takes_what_it_may_have_and_nothing_else_while_the_first_one_works(
    issue, settings
):
    with SmtpServer() as first, SmtpServer() as spare:
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1), relay("spare", spare.port))
        send_now(issue, now=timezone.now())
        row = issue.deliveries.order_by("pk").first()
        Delivery.objects.filter(pk=row.pk).update(mailer="spare")
        assert drain(issue.pk).sent == READERS
    assert (len(first.taken), spare.ids()) == (READERS - 1, [str(row.uid)])


def test_mailers_share_as_told(issue, settings, monkeypatch):
    monkeypatch.setattr("newsletter.ledger.CLAIM_SIZE", 1)
    for number in range(60):
        make_reader(f"more{number}@example.com")
    with SmtpServer() as first, SmtpServer() as second:
        settings.OUTGOING_MAILERS = (relay("first", first.port, 2), relay("second", second.port, 1))
        sent(issue)
    assert len(first.taken) + len(second.taken) == READERS + 60
    # By lot: of 66 with 2 to 1 fewer than 25 or more than 60 come once in 10 million.
    assert 25 <= len(first.taken) <= 60


def test_an_issue_rests_until_the_first_of_its_mailers_may_be_tried(issue, settings):
    settings.OUTGOING_MAILERS = (
        relay("first", closed_port(), 1),
        relay("spare", closed_port()),
    )
    now = timezone.now()
    done = sent(issue)
    assert done.halted
    assert books(issue).waiting == READERS
    assert tick(now) == []
    assert tick(now + timedelta(minutes=2)) == [issue.pk]
    assert set(issue.deliveries.values_list("attempts", flat=True)) == {0}


def test_one_worker_at_a_time_tries_a_mailer_that_failed(issue, settings):
    with SmtpServer() as first:
        settings.OUTGOING_MAILERS = (relay("first", closed_port(), 1),)
        sent(issue)
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1),)
        later = timezone.now() + timedelta(minutes=2)
        (trying,) = mailers.usable(later)
        assert mailers.usable(later) == []
        mailers.untried(trying, now=later)
        assert drain(issue.pk, clock=lambda: later).sent == READERS
    assert MailerState.objects.get(name="first").failures == 0


def test_an_issue_that_no_mailer_will_take_is_paused_before_anything_is_tried(issue, settings):
    with SmtpServer() as first:
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1),)
        refused = "535 5.7.8 wrong password"
        mailers.rest(mailers.configured()[0], refused, now=timezone.now(), needs_operator=True)
        done = sent(issue)
        issue.refresh_from_db()
        assert (done.halted, issue.state, issue.state_reason) == (refused, "paused", refused)
        assert first.taken == []
        steering.resume(issue, now=timezone.now())
        assert drain(issue.pk).sent == READERS


def test_what_a_fallback_may_have_gets_it_tried_again_while_the_first_one_works(issue, settings):
    with SmtpServer() as first, SmtpServer() as spare:
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1), relay("spare", spare.port))
        now = timezone.now()
        mailers.rest(mailers.configured()[1], "away", now=now)
        send_now(issue, now=now)
        row = issue.deliveries.order_by("pk").first()
        Delivery.objects.filter(pk=row.pk).update(mailer="spare")
        assert drain(issue.pk).sent == READERS - 1
        later = now + timedelta(minutes=2)
        assert drain(issue.pk, clock=lambda: later).sent == 1
    assert spare.ids() == [str(row.uid)]


def test_busy_mailers_do_not_use_up_the_attempts_at_a_message(issue, settings):
    busy = ["421 4.3.2 busy"] * 99
    with (
        SmtpServer(Script({"connect": list(busy)})) as first,
        SmtpServer(Script({"connect": list(busy)})) as spare,
    ):
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1), relay("spare", spare.port))
        send_now(issue, now=timezone.now())
        for minutes in range(0, 120, 10):
            at = timezone.now() + timedelta(minutes=minutes)
            drain(issue.pk, clock=lambda at=at: at)
    assert books(issue).waiting == READERS
    assert set(issue.deliveries.values_list("attempts", flat=True)) == {0}


def test_resuming_one_issue_lets_the_others_go_on(
    issue, settings, django_capture_on_commit_callbacks
):
    other = prepared(*issue_sources(issue), kind="weekly")
    send_now(other, now=timezone.now())
    Issue.objects.filter(pk=other.pk).update(rests_until=timezone.now() + timedelta(hours=1))
    send_now(issue, now=timezone.now())
    steering.pause(issue)
    with django_capture_on_commit_callbacks(execute=True):
        steering.resume(issue, now=timezone.now())
    other.refresh_from_db()
    assert other.rests_until is None


def issue_sources(issue):
    return [credit.source for story in issue.stories.all() for credit in story.credits.all()]


def test_a_refusal_does_not_forget_who_may_have_a_message_from_before(issue, settings):
    with SmtpServer(Script({"rcpt": ["550 5.7.1 no"] * READERS})) as first, SmtpServer() as spare:
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1), relay("spare", spare.port))
        send_now(issue, now=timezone.now())
        row = issue.deliveries.order_by("pk").first()
        Delivery.objects.filter(pk=row.pk).update(mailer="first")
        drain(issue.pk)
    refused = issue.deliveries.filter(state=DeliveryState.FAILED)
    assert refused.count() == READERS
    assert list(refused.exclude(mailer="").values_list("pk", "mailer")) == [(row.pk, "first")]
