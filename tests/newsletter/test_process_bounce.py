"""Messages that come back: handed in by a mail server, or fetched out of a mailbox."""

import imaplib
import io
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from newsletter.bounces.mime import MOST_READ
from newsletter.models import DeliveryEvent
from newsletter.states import DeliveryState
from newsletter.tracking import imap, mail
from newsletter.tracking.imap import Fetched, MailboxError, fetch
from newsletter.tracking.mail import hand_in
from newsletter.verp import sender_of
from subscribers.models import Subscriber
from tests.deliveries import NOW, make_delivery, sending_issue, state_of
from tests.imap import ImapServer
from tests.newsletter.bounce_samples import (
    EXIM_WARNING,
    OURS,
    PERSON,
    QMAIL,
    SAMPLES,
    SENDER,
    VACATION,
    arf,
    dsn,
)

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def delivery(settings):
    """The message that the samples are about."""
    settings.MAIL_DOMAIN = "news.example.org"
    settings.BOUNCE_ADDRESS = SENDER
    return make_delivery(sending_issue(), uid=uuid.UUID(OURS.partition("@")[0]))


def piped(monkeypatch, raw: bytes) -> io.BytesIO:
    pipe = io.BytesIO(raw)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(pipe))
    return pipe


def test_a_bounce_on_standard_input_is_recorded_once(delivery, monkeypatch, capsys):
    for expected in ("failed: recorded", "failed: nothing new"):
        piped(monkeypatch, dsn())
        call_command("process_bounce")
        assert capsys.readouterr().out.strip() == expected
    assert state_of(delivery) == "bounced"
    assert Subscriber.objects.get().suppression == "bounced"


def test_files_are_taken_one_after_the_other(delivery, tmp_path, capsys):
    for name, raw in SAMPLES.items():
        (tmp_path / name).write_bytes(raw)
    paths = [tmp_path / name for name in SAMPLES if name != "person"]
    call_command("process_bounce", *paths)
    assert "of no message" not in capsys.readouterr().out
    assert state_of(delivery) == "complained"


@pytest.mark.parametrize(
    ("raw", "state", "kind"),
    [
        (QMAIL, "bounced", "bounced"),
        (EXIM_WARNING, "sent", "deferred"),
        (VACATION, "sent", "auto_replied"),
        (arf(), "complained", "complained"),
        (arf("opt-out"), "sent", "unsubscribed"),
        (dsn("delivered", "2.0.0", "smtp; 250 ok"), "delivered", "delivered"),
    ],
)
def test_what_came_back_is_recorded_as_what_it_says(delivery, raw, state, kind):
    assert hand_in(raw, now=NOW).new
    assert state_of(delivery) == state
    assert DeliveryEvent.objects.get().kind == kind


def test_a_doubtful_message_is_settled_by_its_bounce(delivery):
    type(delivery).objects.update(state=DeliveryState.AMBIGUOUS, sent_at=None)
    hand_in(dsn(), now=NOW)
    assert state_of(delivery) == "bounced"


ELSEWHERE = dsn().replace(OURS.encode(), b"somebody@elsewhere.example")


@pytest.mark.parametrize("where", ["argument", "header", "original"])
def test_the_envelope_sender_is_proof_where_the_message_id_is_lost(delivery, where):
    address = sender_of(delivery.pk)
    raw = ELSEWHERE
    if where == "header":
        raw = f"Delivered-To: {address.upper()}\n".encode() + raw
    if where == "original":
        raw = raw.replace(f"Return-Path: <{SENDER}>".encode(), f"Return-Path: <{address}>".encode())
    assert hand_in(raw, now=NOW, recipient=address if where == "argument" else "").ours
    assert state_of(delivery) == "bounced"


@pytest.mark.parametrize(
    "raw",
    [
        ELSEWHERE,
        dsn().replace(OURS.encode(), f"{uuid.uuid4()}@news.example.org".encode()),
        dsn().replace(b"@news.example.org>", b"@evil.example>"),
        arf().replace(OURS.encode(), b"redacted"),
        b"Delivered-To: bounces+aaaaaaaaaaaaaaaaaaaaaaaaaaaa@news.example.org\n" + ELSEWHERE,
    ],
)
def test_a_forged_bounce_changes_nothing(delivery, raw, caplog):
    with caplog.at_level("INFO"):
        assert not hand_in(raw, now=NOW).ours
    assert state_of(delivery) == "sent"
    assert not DeliveryEvent.objects.exists()
    assert "ada@" not in caplog.text


def test_a_signed_address_outweighs_another_message_of_ours_in_the_text(delivery):
    other = make_delivery(delivery.issue)
    hand_in(dsn(), now=NOW, recipient=sender_of(other.pk))
    assert (state_of(other), state_of(delivery)) == ("bounced", "sent")


def test_what_is_no_bounce_exits_with_65_and_the_rest_is_done(delivery, tmp_path):
    (tmp_path / "person").write_bytes(PERSON)
    (tmp_path / "bounce").write_bytes(dsn())
    with pytest.raises(CommandError, match="no bounce") as caught:
        call_command("process_bounce", tmp_path / "person", tmp_path / "bounce")
    assert caught.value.returncode == os.EX_DATAERR
    assert state_of(delivery) == "bounced"


def test_a_file_that_is_not_there_exits_with_66(tmp_path):
    with pytest.raises(CommandError) as caught:
        call_command("process_bounce", tmp_path / "missing")
    assert caught.value.returncode == os.EX_NOINPUT


@pytest.mark.parametrize("error", [OperationalError("away"), RuntimeError("a defect")])
def test_what_cannot_be_recorded_now_exits_with_75_so_that_the_server_keeps_it(
    monkeypatch, error, tmp_path
):
    def away(*args, **kwargs):
        raise error

    monkeypatch.setattr(mail, "record", away)
    (tmp_path / "bounce").write_bytes(dsn())
    with pytest.raises(CommandError) as caught:
        call_command("process_bounce", tmp_path / "bounce")
    assert caught.value.returncode == os.EX_TEMPFAIL


def test_the_pipe_is_read_to_its_end(monkeypatch):
    pipe = piped(monkeypatch, dsn() + b"x" * 3 * MOST_READ)
    call_command("process_bounce")
    assert not pipe.read()


@pytest.mark.parametrize(("raw", "code"), [(PERSON, os.EX_DATAERR), (dsn(), os.EX_TEMPFAIL)])
def test_a_mail_server_sees_the_exit_code(raw, code, tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", "process_bounce"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": "",
            "MAIL_DOMAIN": "news.example.org",
            "VAR_DIR": str(tmp_path),
            "ENV_FILE": os.devnull,
        },
        input=raw,
        capture_output=True,
        timeout=60,
        check=False,
    )
    # The database of this folder has no tables: nothing can be recorded in it.
    assert done.returncode == code, done.stderr


# --- A mailbox ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
class TestMailbox:
    def opened(self, server):
        def open_mailbox():
            mailbox = imaplib.IMAP4("127.0.0.1", server.port, timeout=10)
            mailbox.login("bounces", "secret")
            return mailbox

        return open_mailbox

    def test_reports_are_recorded_and_deleted_and_letters_are_left_flagged(self, delivery):
        with ImapServer([dsn(), PERSON, VACATION, ELSEWHERE]) as server:
            done = fetch(clock=timezone.now, connection=self.opened(server))
            assert done == Fetched(taken=3, left=1)
            assert [one.raw for one in server.letters.values()] == [PERSON]
            assert fetch(clock=timezone.now, connection=self.opened(server)) == Fetched()
        assert state_of(delivery) == "bounced"

    def test_what_could_not_be_recorded_stays_in_the_mailbox(self, delivery, monkeypatch):
        def away(*args, **kwargs):
            raise OperationalError("away")

        with ImapServer([dsn()]) as server, monkeypatch.context() as patch:
            patch.setattr(mail, "record", away)
            with pytest.raises(OperationalError):
                fetch(clock=timezone.now, connection=self.opened(server))
            assert not server.letters[1].flags

    def test_a_message_is_only_marked_once_its_fact_is_committed(self, delivery):
        with ImapServer([dsn()], breaks_at=b"STORE") as server:
            with pytest.raises(MailboxError):
                fetch(clock=timezone.now, connection=self.opened(server))
            assert state_of(delivery) == "bounced"
            server.breaks_at = b""
            assert fetch(clock=timezone.now, connection=self.opened(server)).taken == 1
        assert DeliveryEvent.objects.count() == 1

    def test_a_message_that_breaks_us_does_not_keep_the_others_back(self, delivery, monkeypatch):
        def fussy(raw, **kwargs):
            return 1 / 0 if raw == QMAIL else hand_in(raw, **kwargs)

        monkeypatch.setattr(imap, "hand_in", fussy)
        with ImapServer([QMAIL, dsn()]) as server:
            done = fetch(clock=timezone.now, connection=self.opened(server))
            assert done == Fetched(taken=1, left=1)
            assert server.letters[1].flags == {r"\Flagged"}

    def test_a_giant_message_is_fetched_only_in_part(self, delivery):
        with ImapServer([dsn() + b"x" * 2 * MOST_READ]) as server:
            assert fetch(clock=timezone.now, connection=self.opened(server)).taken == 1
            assert any(f"<0.{MOST_READ}>" in command for command in server.heard)

    def test_a_folder_with_odd_letters_is_named_as_it_is(self, delivery, settings):
        settings.BOUNCE_IMAP_FOLDER = 'Bounces "2026"'
        with ImapServer([]) as server:
            fetch(clock=timezone.now, connection=self.opened(server))
            assert r'SELECT "Bounces \"2026\""' in server.heard

    def test_a_server_without_tls_gets_no_password(self, delivery, settings):
        settings.BOUNCE_IMAP_HOST, settings.BOUNCE_IMAP_PASSWORD = "127.0.0.1", "secret"
        settings.EMAIL_TIMEOUT = 2
        with ImapServer([dsn()]) as server:
            settings.BOUNCE_IMAP_PORT = server.port
            with pytest.raises(CommandError, match="cannot be opened") as caught:
                call_command("fetch_bounces")
            assert not any("LOGIN" in command for command in server.heard)
        assert caught.value.returncode == os.EX_TEMPFAIL

    def test_the_command_says_what_it_did(self, delivery, settings, monkeypatch, capsys):
        settings.BOUNCE_IMAP_HOST = "mail.example"
        with ImapServer([dsn(), PERSON]) as server:
            monkeypatch.setattr(imap, "connect", self.opened(server))
            call_command("fetch_bounces")
        assert capsys.readouterr().out == "1 recorded, 1 left for a person to read\n"

    def test_without_a_mailbox_the_command_says_which_setting_is_missing(self, delivery):
        with pytest.raises(CommandError, match="BOUNCE_IMAP_HOST"):
            call_command("fetch_bounces")
