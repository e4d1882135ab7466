"""The mailbox of bounces, read every few minutes by whoever sends mails meanwhile."""

import imaplib
import uuid

import pytest
from django.core.management import call_command
from django.db import InternalError, OperationalError
from django.utils import timezone

from config.celery import app
from newsletter import tasks
from newsletter.models import DeliveryEvent
from newsletter.tracking import imap, mail
from newsletter.tracking.imap import Fetched, fetch_in_passing
from tests.deliveries import make_delivery, sending_issue, state_of
from tests.imap import ImapServer
from tests.newsletter.bounce_samples import OURS, PERSON, SENDER, VACATION, dsn
from tests.smtp import closed_port

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def delivery(settings):
    """The message that the samples are about."""
    settings.MAIL_DOMAIN = "news.example.org"
    settings.BOUNCE_ADDRESS = SENDER
    settings.BOUNCE_IMAP_HOST = "127.0.0.1"
    return make_delivery(sending_issue(), uid=uuid.UUID(OURS.partition("@")[0]))


@pytest.fixture
def mailbox(monkeypatch):
    """A mailbox with a bounce, a letter and an absence note, at the address in the settings."""
    with ImapServer([dsn(), PERSON, VACATION]) as server:

        def without_tls():
            opened = imaplib.IMAP4("127.0.0.1", server.port, timeout=10)
            opened.login("bounces", "secret")
            return opened

        monkeypatch.setattr(imap, "connect", without_tls)
        yield server


def in_passing(stop=lambda: False):
    return fetch_in_passing(clock=timezone.now, stop=stop)


def test_run_delivery_reads_the_mailbox(mailbox, delivery):
    call_command("run_delivery", "--once")
    assert state_of(delivery) == "bounced"
    assert [one.raw for one in mailbox.letters.values()] == [PERSON]


def test_the_task_reads_the_mailbox(mailbox, delivery):
    tasks.fetch_bounces()
    assert state_of(delivery) == "bounced"


def test_the_task_is_there_under_the_name_that_the_beat_calls():
    assert "newsletter.tasks.fetch_bounces" in app.tasks


def test_where_no_mailbox_is_named_nobody_looks_for_one(mailbox, settings):
    settings.BOUNCE_IMAP_HOST = ""
    assert in_passing() == Fetched()
    assert not mailbox.heard


def test_a_server_that_is_away_is_one_line_in_the_log(settings, caplog):
    settings.BOUNCE_IMAP_PORT = closed_port()
    call_command("run_delivery", "--once")
    [line] = [record for record in caplog.records if record.name == imap.__name__]
    assert (line.levelname, line.exc_info) == ("WARNING", None)
    assert "cannot be opened" in line.getMessage()


def test_a_server_that_answers_oddly_is_one_line_in_the_log(mailbox, monkeypatch, caplog):
    monkeypatch.setattr(imap, "expect", lambda answer: [b"\xff"])
    assert in_passing() == Fetched()
    [line] = caplog.records
    assert "UnicodeDecodeError" in line.getMessage()


@pytest.mark.parametrize("error", [OperationalError, InternalError])
def test_a_database_that_is_away_is_not_hidden(mailbox, monkeypatch, error):
    def away(*args, **kwargs):
        raise error("away")

    monkeypatch.setattr(mail, "record", away)
    with pytest.raises(error):
        in_passing()


def test_who_is_told_to_stop_begins_no_further_message(mailbox, delivery):
    assert in_passing(stop=lambda: "FETCH" in " ".join(mailbox.heard)).taken == 1
    assert len(mailbox.letters) == 2
    assert in_passing() == Fetched(taken=1, left=1)


def test_after_a_while_the_rest_waits_for_the_next_round(mailbox, monkeypatch):
    monkeypatch.setattr(imap, "SECONDS_IN_PASSING", 0.0)
    assert in_passing() == Fetched()
    assert len(mailbox.letters) == 3


def test_two_machines_at_once_record_everything_once(mailbox, delivery, monkeypatch, caplog):
    whole, others = imap.content_of, []

    def meanwhile(connection, number):
        raw = whole(connection, number)
        if not others:
            others.append(None)
            others.append(in_passing())
        return raw

    monkeypatch.setattr(imap, "content_of", meanwhile)
    assert in_passing() == Fetched(taken=1, left=1)
    assert others == [None, Fetched(taken=2, left=1)]
    assert state_of(delivery) == "bounced"
    assert DeliveryEvent.objects.count() == 2
    assert [one.raw for one in mailbox.letters.values()] == [PERSON]
    assert not [line for line in caplog.records if line.levelname == "ERROR"]


def test_what_another_machine_has_just_deleted_is_passed_over(mailbox, monkeypatch):
    whole = imap.content_of

    def too_late(connection, number):
        mailbox.letters.clear()
        return whole(connection, number)

    monkeypatch.setattr(imap, "content_of", too_late)
    assert in_passing() == Fetched()
