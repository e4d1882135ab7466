"""send_issue, audit_issue, run_delivery, and the tasks: the doors to the pipeline."""

import io
import os
import signal
import time
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import InternalError, connections
from django.db.models.functions import Now
from django.utils import timezone
from kombu.exceptions import OperationalError

from config.celery import app
from newsletter import ledger, sending, tasks, ticking
from newsletter.approving import approve
from newsletter.management.commands import run_delivery
from newsletter.models import Issue
from newsletter.states import DeliveryState
from newsletter.steering import send_now
from subscribers.choices import Choices
from subscribers.models import ConsentEvent
from subscribers.signing_up import take
from tests.factories import make_issue, make_reader, make_source, make_story

pytestmark = pytest.mark.django_db
FORM = ConsentEvent.Origin.FORM


@pytest.fixture
def issue():
    source = make_source()
    for _ in range(3):
        make_reader(hour=0)
    make_reader(hour=0, sources=[make_source()])
    issue = make_issue(end=timezone.now().date())
    make_story(issue, source)
    return issue


def run(*words, **options):
    out = io.StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue()


def test_one_command_sends_a_draft_and_prints_its_books(issue):
    printed = run("send_issue", issue.slug)
    issue.refresh_from_db()
    assert (issue.state, len(mail.outbox)) == ("sent", 3)
    assert "audience" in printed
    assert "skipped (filter empty)" in printed
    assert "The books balance." in printed


def test_sending_an_issue_again_is_refused_in_words(issue):
    run("send_issue", issue.slug)
    with pytest.raises(CommandError, match="is sent and cannot become"):
        run("send_issue", issue.slug)
    assert len(mail.outbox) == 3


def test_an_unknown_slug_is_named():
    for command in ("send_issue", "audit_issue"):
        with pytest.raises(CommandError, match="There is no issue daily-1999-01-01"):
            run(command, "daily-1999-01-01")


def test_what_blocks_approval_is_printed_line_by_line():
    issue = make_issue(end=timezone.now().date())
    with pytest.raises(CommandError, match="error: "):
        run("send_issue", issue.slug)


def test_a_late_issue_is_sent_only_when_confirmed(issue):
    day = timezone.now().date() - timedelta(days=9)
    Issue.objects.update(period_start=day, period_end=day)
    with pytest.raises(CommandError, match="days"):
        run("send_issue", issue.slug)
    run("send_issue", issue.slug, "--confirm-late")
    assert len(mail.outbox) == 3


def test_the_audit_exits_non_zero_when_the_books_do_not_balance(issue):
    run("send_issue", issue.slug)
    assert "The books balance." in run("audit_issue", issue.slug)
    issue.deliveries.first().delete()
    with pytest.raises(CommandError, match="The audience is 4, but 3"):
        run("audit_issue", issue.slug)


def test_run_delivery_plans_and_sends_what_is_due(issue):
    make_reader("far@example.com", hour=23, time_zone="Pacific/Pago_Pago")
    approve(issue, now=timezone.now())
    run("run_delivery", "--once")
    issue.refresh_from_db()
    assert (issue.state, issue.audience, len(mail.outbox)) == ("sending", 5, 3)
    waiting = issue.deliveries.get(state=DeliveryState.PENDING)
    assert waiting.subscriber.email == "far@example.com"


def test_a_tick_and_its_drains_send_an_issue_and_close_it(issue, monkeypatch):
    woken = []
    monkeypatch.setattr(tasks, "wake", woken.append)
    tasks.tick()
    assert woken == []
    send_now(issue, now=timezone.now())
    tasks.tick()
    assert set(woken) == {issue.pk}
    for _ in range(5):
        tasks.drain(issue.pk)
    issue.refresh_from_db()
    assert (issue.state, len(mail.outbox)) == ("sent", 3)


def test_a_drain_that_is_cut_off_wakes_another_one(issue, monkeypatch, settings):
    woken = []
    monkeypatch.setattr(tasks, "wake", woken.append)
    send_now(issue, now=timezone.now())
    settings.DRAIN_SECONDS = 0
    tasks.drain(issue.pk)
    assert woken == [issue.pk]
    settings.DRAIN_SECONDS = 45
    tasks.drain(issue.pk)
    assert (woken, len(mail.outbox)) == ([issue.pk], 3)


def test_a_broker_that_is_away_costs_a_log_line_and_nothing_else(issue, monkeypatch, caplog):
    def away(*args, **kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.drain, "apply_async", away)
    tasks.wake(issue.pk)
    assert "the next tick" in caplog.text


def test_an_issue_is_closed_only_when_nothing_of_it_waits(issue):
    send_now(issue, now=timezone.now())
    assert ticking.close_finished(timezone.now()) == 0
    tasks.drain(issue.pk)
    issue.refresh_from_db()
    assert issue.state == "sent"
    assert issue.finished_at


def test_the_janitor_task_sweeps(issue, caplog):
    send_now(issue, now=timezone.now())
    claim = ledger.claim(issue.pk, now=timezone.now())
    issue.deliveries.update(lease_until=Now() - timedelta(seconds=1))
    tasks.janitor()
    assert issue.deliveries.filter(state=DeliveryState.PENDING).count() == len(claim.delivery_ids)
    assert "released=4" in caplog.text


def test_one_issue_that_cannot_be_read_does_not_hold_up_the_others(issue, capsys):
    broken = make_issue(end=timezone.now().date() - timedelta(days=1))
    make_story(broken, make_source())
    send_now(broken, now=timezone.now())
    broken.revisions.update(rendered={})
    send_now(issue, now=timezone.now())
    run("run_delivery", "--once")
    issue.refresh_from_db()
    assert issue.state == "sent"
    assert broken.deliveries.filter(state=DeliveryState.PENDING).count() == 4


def test_run_delivery_sweeps_before_every_drain(issue, monkeypatch):
    other = make_issue(end=timezone.now().date() - timedelta(days=1))
    make_story(other, make_source())
    for one in (other, issue):
        send_now(one, now=timezone.now())
    done = []
    swept = ledger.Swept(0, 0, 0)
    monkeypatch.setattr(ledger, "sweep", lambda: done.append("sweep") or swept)
    monkeypatch.setattr(sending, "drain", lambda pk, **kwargs: done.append(pk) or sending.Drained())
    run("run_delivery", "--once")
    assert done == ["sweep", "sweep", issue.pk, "sweep", other.pk]


def test_who_subscribes_while_run_delivery_sends_an_issue_is_answered_before_its_end(
    issue, monkeypatch
):
    """Each round has time for one message."""
    send_now(issue, now=timezone.now())
    whole = sending.post

    def slowly(connection, message):
        if not mail.outbox:
            take("new@example.com", Choices(wants_daily=True), now=timezone.now(), origin=FORM)
        time.sleep(0.06)
        return whole(connection, message)

    monkeypatch.setattr(sending, "post", slowly)
    monkeypatch.setattr(run_delivery, "ROUND_SECONDS", 0.05)
    run("run_delivery", "--once")
    recipients = [message.to[0] for message in mail.outbox]
    assert len(recipients) == 4
    assert recipients.index("new@example.com") == 1


def test_a_round_that_waited_for_its_allowance_is_not_the_last(issue, monkeypatch):
    send_now(issue, now=timezone.now())
    rounds = [sending.Drained(cut_off=True), sending.Drained()]
    monkeypatch.setattr(sending, "drain", lambda pk, **kwargs: rounds.pop(0))
    run("run_delivery", "--once")
    assert rounds == []


def test_run_delivery_goes_on_after_the_database_ended_its_transaction(monkeypatch, caplog):
    def ended(now):
        raise InternalError("terminating connection due to idle-in-transaction timeout")

    closed = []
    monkeypatch.setattr(ticking, "tick", ended)
    # The test's own transaction is on it.
    monkeypatch.setattr(connections, "close_all", lambda: closed.append(True))
    run("run_delivery", once=True)
    assert closed
    assert "trying again" in caplog.text


def test_run_delivery_ends_on_a_word_after_the_message_in_hand(issue, monkeypatch):
    send_now(issue, now=timezone.now())
    whole = sending.post

    def with_a_word(connection, message):
        os.kill(os.getpid(), signal.SIGTERM)
        return whole(connection, message)

    monkeypatch.setattr(sending, "post", with_a_word)
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    run("run_delivery")
    signal.signal(signal.SIGTERM, before[0])
    signal.signal(signal.SIGINT, before[1])
    assert len(mail.outbox) == 1
    assert issue.deliveries.filter(state=DeliveryState.PENDING).count() == 3


def test_publishing_through_the_filesystem_broker_leaves_a_task(tmp_path):
    folder = tmp_path / "messages"
    folder.mkdir()
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder)}
    with app.connection("filesystem://", transport_options=options) as connection:
        tasks.drain.apply_async(args=[1], connection=connection)
    assert len(list(folder.iterdir())) == 1


def test_without_a_broker_a_request_to_subscribe_is_answered_at_once():
    take("ada@example.com", Choices(), now=timezone.now(), origin=FORM)
    run("run_delivery", once=True)
    (message,) = mail.outbox
    assert message.to == ["ada@example.com"]
