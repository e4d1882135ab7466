"""Servers, networks, backends and readers that fail: what becomes of each message."""

from datetime import timedelta

import pytest
from django.utils import timezone

from newsletter import heeding, sending, steering
from newsletter.auditing import books, imbalances
from newsletter.models import Issue
from newsletter.retrying import MAX_ATTEMPTS, retry_delay
from newsletter.sending import drain
from newsletter.states import DeliveryState, IssueState
from newsletter.steering import send_now
from newsletter.ticking import tick
from newsletter.transport import Outcome, Verdict
from subscribers.models import Subscriber
from tests.factories import make_reader, make_source
from tests.sends import one_message, prepared, sent, through
from tests.smtp import DROP, Script, SmtpServer, closed_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return make_source("The Rope Yard")


def test_a_busy_server_gets_the_message_later(settings, source):
    _, delivery, done, _ = one_message({"rcpt": ["450 4.2.1 busy"]}, settings, source)
    assert (delivery.state, done.retried) == (DeliveryState.PENDING, 1)
    assert delivery.due_at > timezone.now() + timedelta(seconds=40)
    assert delivery.reason == "450 4.2.1 busy"


def test_a_refused_message_fails_with_the_servers_words(settings, source):
    _, delivery, _, _ = one_message({"dot": ["554 5.7.1 looks like spam"]}, settings, source)
    assert delivery.state == DeliveryState.FAILED
    assert "looks like spam" in delivery.reason
    assert Subscriber.objects.get().state == "active"


def test_an_address_that_does_not_exist_is_suppressed(settings, source):
    _, delivery, _, _ = one_message({"rcpt": ["550 5.1.1 nobody"]}, settings, source)
    assert delivery.state == DeliveryState.FAILED
    assert Subscriber.objects.get().suppression == "bounced"


def test_bad_credentials_pause_the_issue_and_lose_nobody(settings, source):
    issue, delivery, done, _ = one_message({"mail": ["550 5.7.1 not you"]}, settings, source)
    issue.refresh_from_db()
    assert (issue.state, delivery.state) == ("paused", DeliveryState.PENDING)
    assert delivery.attempts == 0
    assert "not you" in issue.state_reason
    assert done.halted


def test_an_unreachable_server_is_left_alone_for_a_while(settings, source):
    settings.EMAIL_BACKEND = settings.SMTP_BACKEND
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", closed_port()
    for _ in range(5):
        make_reader()
    issue = prepared(source)
    done = sent(issue)
    assert done.halted
    assert done.retried == 1
    assert books(issue).waiting == 5
    now = timezone.now()
    assert tick(now) == []
    assert tick(now + timedelta(minutes=2)) == [issue.pk]
    assert set(issue.deliveries.values_list("attempts", flat=True)) == {0}


def test_after_the_last_attempt_a_row_fails(settings, source):
    with SmtpServer(Script({"rcpt": ["450 busy"] * MAX_ATTEMPTS})) as server:
        through(server, settings)
        make_reader()
        issue = prepared(source)
        send_now(issue, now=timezone.now())
        for attempt in range(MAX_ATTEMPTS):
            at = timezone.now() + timedelta(hours=4 * attempt)
            assert drain(issue.pk, clock=lambda at=at: at).rows == 1
    delivery = issue.deliveries.get()
    assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, MAX_ATTEMPTS)
    assert "given up after 6 attempts" in delivery.reason


def test_waits_grow_and_a_servers_own_wish_wins():
    waits = [retry_delay(attempt, None).total_seconds() / 60 for attempt in range(1, 6)]
    for wait, minutes in zip(waits, (1, 5, 15, 60, 180), strict=True):
        assert 0.8 * minutes <= wait <= 1.2 * minutes
    assert retry_delay(1, 90) == timedelta(seconds=90)


def test_a_connection_is_renewed_before_a_server_tires_of_it(settings, source, monkeypatch):
    monkeypatch.setattr(sending, "MESSAGES_A_CONNECTION", 2)
    greetings = ["220 hello"] * 3
    with SmtpServer(Script({"connect": greetings})) as server:
        through(server, settings)
        for _ in range(5):
            make_reader()
        sent(prepared(source))
    assert len(server.taken) == 5
    assert greetings == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("DEFAULT_FROM_EMAIL", "Foo, Bar <d@x.org>"), ("DEFAULT_FROM_EMAIL", "News <>")],
)
def test_a_sender_that_cannot_be_one_pauses_the_issue_and_loses_nobody(
    name, value, settings, source
):
    with SmtpServer() as server:
        through(server, settings)
        setattr(settings, name, value)
        for _ in range(3):
            make_reader()
        issue = prepared(source)
        done = sent(issue)
    issue.refresh_from_db()
    assert (issue.state, done.halted != "", server.taken) == ("paused", True, [])
    assert books(issue).waiting == 3


@pytest.mark.parametrize("backend", ["postmark", "brevo", "resend", "mailersend"])
def test_a_provider_without_its_key_pauses_the_issue_and_says_so(backend, settings, source):
    settings.EMAIL_BACKEND = f"anymail.backends.{backend}.EmailBackend"
    settings.ANYMAIL = {}
    make_reader()
    issue = prepared(source)
    sent(issue)
    issue.refresh_from_db()
    assert (issue.state, books(issue).waiting) == ("paused", 1)
    assert "KEY" in issue.state_reason or "TOKEN" in issue.state_reason


def test_a_backend_that_does_not_exist_pauses_the_issue(settings, source):
    settings.EMAIL_BACKEND = "anymail.backends.postmrk.EmailBackend"
    make_reader()
    issue = prepared(source)
    sent(issue)
    issue.refresh_from_db()
    assert issue.state == "paused"
    assert "postmrk" in issue.state_reason


def test_many_refusals_in_a_row_pause_the_issue_before_everybody_has_failed(settings, source):
    for _ in range(heeding.REFUSALS_IN_A_ROW + 10):
        make_reader()
    answers = ["554 5.7.1 we do not like you"] * (heeding.REFUSALS_IN_A_ROW + 10)
    with SmtpServer(Script({"dot": answers})) as server:
        through(server, settings)
        issue = prepared(source)
        sent(issue)
    issue.refresh_from_db()
    assert issue.state == "paused"
    assert books(issue).failed == heeding.REFUSALS_IN_A_ROW
    assert books(issue).waiting == 10


def test_a_server_that_always_hangs_up_is_left_alone(settings, source):
    for _ in range(heeding.DROPS_IN_A_ROW + 5):
        make_reader()
    with SmtpServer(Script({"mail": [DROP] * 99})) as server:
        through(server, settings)
        issue = prepared(source)
        done = sent(issue)
    assert done.retried == heeding.DROPS_IN_A_ROW
    assert tick(timezone.now()) == []


def test_a_server_that_hangs_up_now_and_then_costs_the_others_nothing(settings, source):
    for _ in range(6):
        make_reader()
    script = {"mail": ["250 ok", "421 4.3.2 that was enough", "250 ok", DROP]}
    with SmtpServer(Script(script)) as server:
        through(server, settings)
        done = sent(prepared(source))
    assert (done.sent, done.retried) == (4, 2)


def test_a_cancel_while_the_server_thinks_closes_the_books(settings, source):
    make_reader()
    issue = prepared(source)
    with SmtpServer(Script({"dot": ["451 4.3.0 later"]})) as server:
        through(server, settings)
        send_now(issue, now=timezone.now())
        whole = sending.post

        def cancelled_meanwhile(connection, message):
            outcome = whole(connection, message)
            steering.cancel(issue, now=timezone.now())
            return outcome

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sending, "post", cancelled_meanwhile)
            drain(issue.pk)
    assert Issue.objects.get().state == IssueState.CANCELLED
    assert issue.deliveries.get().state == DeliveryState.CANCELLED
    assert imbalances(issue) == []


def test_halts_do_not_use_up_attempts(settings, source):
    make_reader()
    issue = prepared(source)
    with SmtpServer(Script({"mail": ["550 5.7.1 not you"] * MAX_ATTEMPTS})) as server:
        through(server, settings)
        sent(issue)
        for _ in range(MAX_ATTEMPTS - 1):
            steering.resume(issue, now=timezone.now())
            drain(issue.pk)
        steering.resume(issue, now=timezone.now())
        drain(issue.pk)
    assert len(server.taken) == 1
    assert issue.deliveries.get().state == DeliveryState.SENT


def test_a_reader_who_has_just_moved_is_not_suppressed_for_the_former_address(source, monkeypatch):
    reader = make_reader("old@example.com")
    issue = prepared(source)

    def refused(connection, message):
        # While the server thinks about the former address the reader confirms the new one.
        Subscriber.objects.filter(pk=reader.pk).update(email="new@example.com")
        return Outcome(Verdict.REFUSED, reply="550 5.1.1 no such user", no_such_address=True)

    monkeypatch.setattr(sending, "post", refused)
    sent(issue)
    reader.refresh_from_db()
    assert (reader.state, reader.suppression) == ("active", "")
    assert issue.deliveries.get().state == DeliveryState.FAILED
    assert not reader.consent_events.exists()
