"""From due rows to messages, through a real server on loopback."""

import email
import email.policy
import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from newsletter import steering
from newsletter.approving import revise
from newsletter.auditing import books, imbalances
from newsletter.models import Issue, Story
from newsletter.sending import drain
from newsletter.steering import send_now
from subscribers.models import Mute, Subscriber
from subscribers.tokens import Purpose, read_token
from tests.factories import make_reader, make_source
from tests.sends import prepared, sent, through
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return make_source("The Rope Yard")


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
    assert message["List-Archive"] == "<https://news.example.org/archive/>"
    assert message["List-Help"] == message["List-Subscribe"] == "<https://news.example.org/>"
    assert message["Date"].datetime
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]


def test_each_mail_is_in_its_readers_language_under_the_editors_subject(source):
    make_reader("ada@example.com")
    make_reader("lena@example.com", language="de")
    make_reader("emi@example.com", language="ja")
    sent(prepared(source, subject="Ropes and knots"))
    languages = {
        message.to[0]: re.search('<html lang="([^"]+)"', message.alternatives[0][0])[1]
        for message in mail.outbox
    }
    assert languages == {"ada@example.com": "en", "lena@example.com": "de", "emi@example.com": "en"}
    assert {message.subject for message in mail.outbox} == {"Ropes and knots"}


def test_the_links_in_a_mail_are_the_readers_own_and_open_one_thing_each(source, settings):
    settings.BASE_URL = "https://news.example.org"
    reader = make_reader()
    issue = prepared(source)
    sent(issue)
    body, html = mail.outbox[0].body, mail.outbox[0].alternatives[0][0]
    mute = re.search(r"https://news\.example\.org/f/([\w-]+)/(\d+)", body)
    read = re.search(r"https://news\.example\.org/read/([\w-]+)", body)
    assert read_token(Purpose.MUTE, mute[1]) == (reader.pk, 0)
    assert int(mute[2]) == source.pk
    assert read_token(Purpose.READ, read[1]) == (issue.deliveries.get().pk, 0)
    assert mute[0] in html
    assert read[0] in html
    public = html.index(f"https://news.example.org/archive/{issue.slug}/")
    assert public < html.index(read[0])


def test_the_ledger_says_which_stories_stood_in_each_mail(source):
    second, third = make_source(), make_source()
    make_reader("all@example.com")
    muting = make_reader("muting@example.com")
    Mute.objects.create(subscriber=muting, source=second)
    make_reader("third@example.com", sources=[third])
    issue = prepared(source, second, third)
    sent(issue)
    shown = dict(issue.deliveries.values_list("subscriber__email", "shown"))
    assert shown == {"all@example.com": "7", "muting@example.com": "5", "third@example.com": "4"}


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
    steering.resume(issue, now=timezone.now())
    drain(issue.pk)
    assert len(mail.outbox) == 4


def test_cancelling_ends_what_was_not_sent(source):
    for _ in range(3):
        make_reader()
    issue = prepared(source)
    send_now(issue, now=timezone.now())
    cancelled: list[int] = []

    def cancel(done):
        if not cancelled:
            cancelled.append(steering.cancel(issue, now=timezone.now()))

    drain(issue.pk, on_progress=cancel)
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
    assert revise(issue, now=timezone.now())
    drain(issue.pk, clock=lambda: timezone.now() + timedelta(hours=2))
    early, late = mail.outbox
    assert "after the correction" not in early.body
    assert "after the correction" in late.body
    assert list(issue.deliveries.order_by("pk").values_list("revision__number", flat=True)) == [
        1,
        2,
    ]


def test_a_mute_that_has_ended_by_the_intent_keeps_nothing_back(source):
    reader = make_reader()
    now = timezone.now()
    Mute.objects.create(subscriber=reader, source=source, until=(now - timedelta(days=2)).date())
    issue = prepared(source)
    # Written, and muted, long before it is sent.
    Issue.objects.filter(pk=issue.pk).update(created_at=now - timedelta(days=20))
    assert sent(issue).sent == 1
