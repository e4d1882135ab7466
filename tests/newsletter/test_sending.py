"""From due rows to messages, through a real server on loopback."""

import email
import email.policy
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from newsletter import sending, steering
from newsletter.approving import revise
from newsletter.auditing import books, imbalances
from newsletter.models import Delivery, Issue, Story
from newsletter.sending import MAX_ATTEMPTS, drain, retry_delay
from newsletter.states import DeliveryState
from newsletter.steering import send_now
from subscribers.models import Subscriber
from tests.factories import make_issue, make_reader, make_source, make_story
from tests.smtp import DROP, DROP_AFTER_TAKING, Script, SmtpServer, closed_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return make_source("The Rope Yard")


def prepared(*sources, kind="daily", **fields):
    issue = make_issue(kind=kind, end=timezone.now().date(), **fields)
    for source in sources:
        make_story(issue, source)
    return issue


def sent(issue):
    send_now(issue, now=timezone.now())
    return drain(issue.pk)


def through(server, settings):
    settings.EMAIL_BACKEND = settings.SMTP_BACKEND
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_TIMEOUT = settings.EMAIL_FINAL_TIMEOUT = 2


def test_every_reader_gets_the_stories_of_the_sources_they_chose(source):
    other = make_source("Signal Hill")
    make_reader("all@example.com")
    make_reader("one@example.com", sources=[source])
    issue = prepared(source, other)
    rope, hill = issue.stories.order_by("position")
    done = sent(issue)

    assert done.sent == 2
    by_address = {message.to[0]: message for message in mail.outbox}
    assert rope.headline in by_address["one@example.com"].body
    assert hill.headline not in by_address["one@example.com"].body
    assert hill.headline in by_address["all@example.com"].body
    assert set(issue.deliveries.values_list("stories", flat=True)) == {1, 2}


def test_the_headers_are_those_that_providers_ask_for(source, settings):
    settings.BASE_URL, settings.MAIL_DOMAIN = "https://news.example.org", "news.example.org"
    with SmtpServer() as server:
        through(server, settings)
        reader = make_reader("ada@example.com")
        issue = prepared(source, subject="Ropes,\nknots and “splices”")
        sent(issue)
    address, raw = server.taken[0]
    message = email.message_from_bytes(raw, policy=email.policy.default)
    delivery = issue.deliveries.get()

    assert address == reader.email
    assert message["Subject"] == "Ropes, knots and “splices”"
    assert message["To"] == "ada@example.com"
    assert message["Message-ID"] == f"<{delivery.uid}@news.example.org>"
    assert message["List-Id"] == "<daily.news.example.org>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Unsubscribe"].startswith("<https://news.example.org/u/")
    assert len(message["List-Unsubscribe"]) - len("<>") <= 57
    assert message["Feedback-ID"] == f"{issue.slug}:daily:digest:broadsheet"
    assert message["Precedence"] == "bulk"
    assert message["Date"].datetime
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]


def test_the_message_is_seven_bit_with_short_lines(source, settings):
    with SmtpServer() as server:
        through(server, settings)
        make_reader()
        issue = prepared(source)
        Story.objects.update(headline="Ропы и 結び目 🪢", body="Ein Satz — mit “Zeichen”. " * 60)
        sent(issue)
    raw = server.taken[0][1]
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


def test_a_filter_that_leaves_nothing_is_recorded_and_nothing_is_sent(source):
    make_reader(sources=[make_source("Signal Hill")])
    issue = prepared(source)
    sent(issue)
    assert mail.outbox == []
    delivery = issue.deliveries.get()
    assert (delivery.state, delivery.reason) == ("skipped", "filter_empty")


def test_a_weekly_goes_out_even_where_the_filter_leaves_no_story(source):
    make_reader(sources=[make_source("Signal Hill")])
    sent(prepared(source, kind="weekly"))
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": "unsubscribed"}, "unsubscribed"),
        ({"state": "suppressed", "suppression": "bounced"}, "suppressed"),
        ({"wants_daily": False}, "unsubscribed"),
        ({"paused_until": timezone.now().date() + timedelta(days=2)}, "paused"),
    ],
)
def test_what_a_reader_decides_after_planning_still_counts(change, reason, source):
    reader = make_reader()
    issue = prepared(source)
    send_now(issue, now=timezone.now())
    Subscriber.objects.filter(pk=reader.pk).update(**change)
    drain(issue.pk)
    assert mail.outbox == []
    assert issue.deliveries.get().reason == reason
    assert imbalances(issue) == []


def test_a_reader_who_was_deleted_leaves_a_row_in_the_books(source):
    reader = make_reader()
    issue = prepared(source)
    send_now(issue, now=timezone.now())
    reader.delete()
    drain(issue.pk)
    assert (books(issue).audience, books(issue).skipped) == (1, {"unsubscribed": 1})


def test_unsubscribing_during_a_send_skips_the_reader(source, settings):
    with SmtpServer() as server:
        through(server, settings)
        make_reader("first@example.com")
        second = make_reader("second@example.com")
        issue = prepared(source)
        server.on_taken = lambda recipient: leave.append(recipient)
        leave: list[str] = []
        send_now(issue, now=timezone.now())

        def unsubscribe(done):
            Subscriber.objects.filter(pk=second.pk).update(
                state="unsubscribed", left_at=timezone.now()
            )

        drain(issue.pk, on_progress=unsubscribe)
    assert leave == ["first@example.com"]
    assert issue.deliveries.get(subscriber=second).reason == "unsubscribed"


def test_draining_again_sends_nobody_anything_again(source):
    make_reader()
    issue = prepared(source)
    sent(issue)
    for _ in range(5):
        assert drain(issue.pk).rows == 0
    assert len(mail.outbox) == 1


def test_pausing_stops_before_the_next_message_and_resuming_goes_on(source):
    for _ in range(4):
        make_reader()
    issue = prepared(source)
    send_now(issue, now=timezone.now())
    paused = []

    def pause(done):
        if not paused:
            paused.append(steering.pause(issue, "a typo"))

    drain(issue.pk, on_progress=pause)
    assert len(mail.outbox) == 1
    assert books(issue).waiting == 3
    steering.resume(issue)
    drain(issue.pk)
    assert len(mail.outbox) == 4


def test_cancelling_ends_what_was_not_sent(source):
    for _ in range(3):
        make_reader()
    issue = prepared(source)
    send_now(issue, now=timezone.now())
    drain(
        issue.pk,
        on_progress=lambda done: (
            done.sent == 0
            and len(mail.outbox) == 1
            and Issue.objects.get(pk=issue.pk).state == "sending"
            and steering.cancel(issue, now=timezone.now())
        ),
    )
    account = books(issue)
    assert (len(mail.outbox), account.sent, account.cancelled) == (1, 1, 2)
    assert imbalances(issue) == []


def test_an_edit_while_sending_reaches_those_not_yet_sent(source):
    make_reader("early@example.com")
    make_reader("late@example.com")
    issue = prepared(source)
    send_now(issue, now=timezone.now())
    issue.deliveries.filter(subscriber__email="late@example.com").update(
        due_at=timezone.now() + timedelta(hours=1)
    )
    drain(issue.pk)
    Story.objects.update(headline="The headline after the correction")
    assert revise(issue)
    drain(issue.pk, clock=lambda: timezone.now() + timedelta(hours=2))
    early, late = mail.outbox
    assert "after the correction" not in early.body
    assert "after the correction" in late.body
    assert list(issue.deliveries.order_by("pk").values_list("revision__number", flat=True)) == [
        1,
        2,
    ]


def one_message(script, settings, source):
    with SmtpServer(Script(script)) as server:
        through(server, settings)
        make_reader("ada@example.com")
        issue = prepared(source)
        done = sent(issue)
    return issue, issue.deliveries.get(), done, server


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
    assert "not you" in issue.state_reason
    assert done.halted


@pytest.mark.parametrize("answer", [DROP, DROP_AFTER_TAKING])
def test_a_connection_that_drops_after_the_dot_leaves_a_doubtful_row(answer, settings, source):
    issue, delivery, done, server = one_message({"dot": [answer]}, settings, source)
    assert (delivery.state, done.doubtful) == (DeliveryState.AMBIGUOUS, 1)
    taken = len(server.taken)
    drain(issue.pk)
    assert len(server.taken) == taken


def test_an_unreachable_server_is_left_alone_until_the_next_tick(settings, source):
    settings.EMAIL_BACKEND = settings.SMTP_BACKEND
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", closed_port()
    for _ in range(5):
        make_reader()
    issue = prepared(source)
    done = sent(issue)
    assert done.halted
    assert done.retried == 1
    assert books(issue).waiting == 5


def test_a_poisonous_reader_fails_alone(source, monkeypatch):
    for name in ("ada", "poison", "zoe"):
        make_reader(f"{name}@example.com")
    issue = prepared(source)
    whole = sending.message_for

    def poisoned(envelope, composed):
        if envelope.address.startswith("poison"):
            raise ValueError("this cannot be a header")
        return whole(envelope, composed)

    monkeypatch.setattr(sending, "message_for", poisoned)
    done = sent(issue)
    assert (done.sent, done.failed) == (2, 1)
    failed = Delivery.objects.get(state=DeliveryState.FAILED)
    assert failed.subscriber.email == "poison@example.com"
    assert "cannot be a header" in failed.reason


def test_after_the_last_attempt_a_row_fails(settings, source):
    with SmtpServer(Script({"rcpt": ["450 busy"] * MAX_ATTEMPTS})) as server:
        through(server, settings)
        make_reader()
        issue = prepared(source)
        send_now(issue, now=timezone.now())
        for attempt in range(MAX_ATTEMPTS):
            at = timezone.now() + timedelta(days=attempt)
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
