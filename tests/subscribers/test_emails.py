import html
import re

import pytest
from django.core import mail
from django.utils import timezone

from subscribers.emails import answer_move, answer_request, tell_former
from subscribers.links import address_url, choices_url, confirm_url
from subscribers.models import CONFIRM_WITHIN, AddressChange, Subscriber
from subscribers.moving import move
from subscribers.tasks import send_confirmation
from tests.factories import make_reader

pytestmark = pytest.mark.django_db

State = Subscriber.State


def answer(**fields):
    reader = make_reader("typed.name@example.com", **fields)
    assert answer_request(reader.pk) is (len(mail.outbox) == 1)
    return reader, mail.outbox[0] if mail.outbox else None


def parts(message):
    (alternative,) = message.alternatives
    return message.body, alternative[0]


@pytest.mark.parametrize("state", [State.PENDING, State.UNSUBSCRIBED])
def test_who_waits_or_left_is_asked_to_confirm(state):
    reader, message = answer(state=state)
    for part in parts(message):
        assert confirm_url(reader) in html.unescape(part)
        assert choices_url(reader) not in part


def test_the_mail_says_for_how_long_its_link_works():
    _, message = answer(state=State.PENDING)
    for part in parts(message):
        assert f"works for {CONFIRM_WITHIN.days} days" in part


def test_who_reads_already_gets_the_link_to_their_choices():
    reader, message = answer()
    for part in parts(message):
        assert choices_url(reader) in html.unescape(part)
        assert confirm_url(reader) not in part


def test_who_asks_again_though_mail_came_back_is_asked_to_confirm():
    reader, message = answer(state=State.SUPPRESSED, suppression="bounced")
    for part in parts(message):
        assert confirm_url(reader) in html.unescape(part)
        assert choices_url(reader) not in part


@pytest.mark.parametrize("why", ["complained", "manual"])
def test_who_complained_or_was_stopped_and_who_was_deleted_get_nothing(why):
    answer(state=State.SUPPRESSED, suppression=why)
    assert answer_request(987_654) is False
    assert mail.outbox == []


@pytest.mark.parametrize("state", [State.PENDING, State.ACTIVE])
def test_the_mail_holds_nothing_that_a_stranger_typed(state):
    _, message = answer(state=state, time_zone="Asia/Kathmandu")
    for part in (*parts(message), message.subject):
        assert "typed.name" not in part
        assert "Kathmandu" not in part


def test_the_text_ends_with_a_sign_off_that_programs_know(settings):
    """RFC 3676 §4.3: two hyphens and a blank, on a line of their own."""
    settings.PUBLICATION_NAME = "Harbour News"
    _, message = answer()
    _before, mark, signature = message.body.partition("\n-- \n")
    assert mark
    assert signature.startswith("Harbour News\n")
    assert b"\n--=20\nHarbour News" in message.message().as_bytes().replace(b"\r\n", b"\n")


def test_links_begin_with_the_base_url(settings):
    settings.BASE_URL = "https://digest.example"
    _, message = answer(state=State.PENDING)
    for part in parts(message):
        urls = re.findall(r"https?://[^\s\"<]+", part)
        assert urls
        assert all(url.startswith("https://digest.example/") for url in urls)


def test_no_vacation_notice_shall_answer(settings):
    settings.MAIL_DOMAIN = "digest.example"
    _, message = answer(state=State.PENDING)
    wire = message.message()
    assert wire["Auto-Submitted"] == "auto-generated"
    assert wire["Message-ID"].endswith("@digest.example>")
    assert message.to == ["typed.name@example.com"]


def test_markup_in_the_publications_name_stays_text(settings):
    settings.PUBLICATION_NAME = "R&D <News>\nBcc: x@example.com"
    _, message = answer(state=State.PENDING)
    text, page = parts(message)
    assert "R&D <News>" in text
    assert "R&amp;D &lt;News&gt;" in page
    assert "\n" not in message.subject


def test_the_task_takes_a_number_and_sends():
    reader = make_reader(state=State.PENDING)
    reader.consent_events.create(kind="subscribed", origin="form", at=timezone.now())
    send_confirmation(reader.pk)
    assert len(mail.outbox) == 1


def test_the_mail_is_seven_bit_with_short_lines_whatever_the_house_is_called(settings):
    settings.PUBLICATION_NAME, settings.POSTAL_ADDRESS = "Zürcher Blätter", "Rämistrasse 1, Zürich"
    _, message = answer(state=State.PENDING)
    raw = message.message().as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 78
    text = [line for line in message.body.splitlines() if not line.startswith("http")]
    assert max(map(len, text)) <= 72


def test_the_mail_says_that_whoever_asked_wrote_nothing_of_it():
    _, message = answer(state=State.PENDING)
    for part in parts(message):
        assert "no word of their own" in " ".join(part.split())


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("de", "ltr"), ("ar", "rtl")])
def test_a_mail_says_its_language_and_direction(settings, language, direction):
    settings.LANGUAGES = [*settings.LANGUAGES, ("ar", "Arabic")]
    _, message = answer(state=State.PENDING, language=language)
    assert f'<html lang="{language}" dir="{direction}">' in parts(message)[1]


OLD, NEW = "typed.old@example.com", "typed.new@example.net"


@pytest.fixture
def change():
    return AddressChange.objects.create(
        subscriber=make_reader(OLD), email=NEW, asked_at=timezone.now()
    )


def sent():
    (message,) = mail.outbox
    mail.outbox.clear()
    return message


def test_a_new_address_is_asked_to_confirm_and_learns_nothing_of_the_reader(change):
    assert answer_move(change.pk, now=timezone.now())
    message = sent()
    assert message.to == [NEW]
    for part in parts(message):
        assert address_url(change.pk) in html.unescape(part)
        assert f"works for {CONFIRM_WITHIN.days} days" in part
        assert choices_url(change.subscriber) not in html.unescape(part)
        assert "typed." not in part


def test_who_reads_at_that_address_already_is_shown_their_own_choices_only(change):
    holder = make_reader(NEW, language="de")
    assert answer_move(change.pk, now=timezone.now())
    message = sent()
    assert message.to == [NEW]
    assert '<html lang="de"' in parts(message)[1]
    for part in parts(message):
        assert choices_url(holder) in html.unescape(part)
        assert address_url(change.pk) not in html.unescape(part)
        assert choices_url(change.subscriber) not in html.unescape(part)
        assert "typed." not in part


def test_a_suppressed_new_address_gets_nothing(change):
    make_reader(NEW, state=State.SUPPRESSED, suppression="complained")
    assert not answer_move(change.pk, now=timezone.now())
    assert mail.outbox == []


def test_a_wish_that_is_over_is_not_mailed(change):
    now = timezone.now()
    assert not answer_move(change.pk, now=now + CONFIRM_WITHIN)
    assert not answer_move(987_654, now=now)
    move(change.pk, now=now)
    assert not answer_move(change.pk, now=now)
    assert mail.outbox == []


def test_the_former_address_is_told_and_gets_no_way_to_the_readers_choices(change, settings):
    settings.BASE_URL = "https://digest.example"
    move(change.pk, now=timezone.now())
    assert tell_former(change.pk)
    message = sent()
    assert message.to == [OLD]
    for part in parts(message):
        links = re.findall(r"https?://[^\s\"<]+", html.unescape(part))
        assert set(links) == {"https://digest.example/"}
        assert "subscribe again" in part
        assert "typed." not in part


def test_nobody_is_told_of_a_move_that_is_not_done_or_at_an_address_that_is_stopped(change):
    assert not tell_former(change.pk)
    assert not tell_former(987_654)
    move(change.pk, now=timezone.now())
    make_reader(OLD, state=State.SUPPRESSED, suppression="complained")
    assert not tell_former(change.pk)
    assert mail.outbox == []


def test_mails_of_a_move_are_in_the_movers_language(change):
    Subscriber.objects.update(language="de")
    answer_move(change.pk, now=timezone.now())
    assert '<html lang="de"' in parts(sent())[1]
    move(change.pk, now=timezone.now())
    tell_former(change.pk)
    assert '<html lang="de"' in parts(sent())[1]
