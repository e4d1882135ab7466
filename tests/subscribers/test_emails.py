import html
import re

import pytest
from django.core import mail
from django.utils import timezone

from subscribers.emails import answer_request
from subscribers.links import choices_url, confirm_url
from subscribers.models import CONFIRM_WITHIN, Subscriber
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
        assert confirm_url(reader.pk) in html.unescape(part)
        assert choices_url(reader.pk) not in part


def test_the_mail_says_for_how_long_its_link_works():
    _, message = answer(state=State.PENDING)
    for part in parts(message):
        assert f"works for {CONFIRM_WITHIN.days} days" in part


def test_who_reads_already_gets_the_link_to_their_choices():
    reader, message = answer()
    for part in parts(message):
        assert choices_url(reader.pk) in html.unescape(part)
        assert confirm_url(reader.pk) not in part


def test_a_suppressed_address_and_a_deleted_one_get_nothing():
    answer(state=State.SUPPRESSED, suppression="bounced")
    assert answer_request(987_654) is False
    assert mail.outbox == []


@pytest.mark.parametrize("state", [State.PENDING, State.ACTIVE])
def test_the_mail_holds_nothing_that_a_stranger_typed(state):
    _, message = answer(state=state, time_zone="Asia/Kathmandu")
    for part in (*parts(message), message.subject):
        assert "typed.name" not in part
        assert "Kathmandu" not in part


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
