"""A database that is older than it was stops what is open in it, once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from newsletter import ledger, restoring, tasks, ticking
from newsletter.models import DomainTurn, Issue, LedgerMark, MailerState
from newsletter.states import DeliveryState, IssueState
from newsletter.steering import pause, resume, send_now
from tests.factories import make_approved_issue, make_reader, make_source
from tests.sends import prepared, sent

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def restore(ticks: int = 1) -> None:
    """Let the database forget its last ticks, as a backup would."""
    mark = LedgerMark.objects.get()
    LedgerMark.objects.update(number=mark.number - ticks)


@pytest.fixture
def issue():
    make_reader()
    issue = prepared(make_source())
    send_now(issue, now=timezone.now())
    restoring.advance(NOW)
    return issue


def test_every_tick_counts_and_is_remembered():
    for number in (1, 2, 3):
        ticking.tick(NOW)
        assert LedgerMark.objects.get().number == restoring.recall() == number


def test_an_open_issue_of_a_restored_database_comes_up_paused_and_says_why(issue):
    restore()
    assert ticking.tick(NOW) == []
    issue.refresh_from_db()
    assert issue.state == IssueState.PAUSED
    assert "restored from a backup" in issue.state_reason
    assert issue.state_reason.endswith("resume or cancel.")


def test_a_restore_is_noticed_once(issue):
    restore()
    assert restoring.advance(NOW) == restoring.Restored(paused=1, withdrawn=0, welcomes=0)
    resume(issue, now=timezone.now())
    assert restoring.advance(NOW) is None
    assert ticking.tick(timezone.now()) == [issue.pk]


def test_another_machine_that_remembers_more_does_not_notice_the_same_restore(
    issue, settings, tmp_path
):
    here, there = settings.LEDGER_MARK, tmp_path / "another machine's"
    restoring.advance(NOW)
    restoring.advance(NOW)
    there.write_bytes(here.read_bytes())
    restoring.remember(2)
    restore(ticks=2)
    assert restoring.advance(NOW)
    settings.LEDGER_MARK = there
    assert restoring.recall() == 3
    assert restoring.advance(NOW) is None


def test_the_same_backup_restored_again_is_noticed_again(issue):
    for _ in range(2):
        LedgerMark.objects.update(number=0)
        assert restoring.advance(NOW)


def test_an_issue_that_was_paused_learns_why_it_must_not_just_be_resumed(issue):
    pause(issue, "the editor wants to think")
    restore()
    restoring.advance(NOW)
    issue.refresh_from_db()
    assert issue.state_reason == restoring.PAUSED_REASON


def test_an_approved_issue_does_not_go_out_by_itself_and_becomes_a_draft():
    make_reader()
    issue = make_approved_issue()
    restoring.advance(NOW)
    restore()
    assert ticking.tick(NOW) == []
    issue.refresh_from_db()
    assert (issue.state, issue.deliveries.count()) == (IssueState.DRAFT, 0)
    assert issue.state_reason.endswith("approve it again or cancel.")


def test_welcomes_that_may_have_been_sent_are_given_up():
    make_reader()
    issue = prepared(make_source())
    sent(issue)
    ticking.close_finished(timezone.now())
    make_reader(welcome_due_at=timezone.now())
    ticking.tick(timezone.now())
    late = make_reader(welcome_due_at=timezone.now())
    ledger.claim(issue.pk, now=timezone.now())
    restore()
    assert ticking.tick(timezone.now()) == []
    welcome = issue.deliveries.get(occasion="welcome")
    assert (welcome.state, welcome.reason) == ("cancelled", restoring.WELCOME_REASON)
    late.refresh_from_db()
    assert late.welcome_due_at is None
    assert len(mail.outbox) == 1


def test_an_issue_that_is_over_stays_as_it_is():
    make_reader()
    issue = prepared(make_source())
    sent(issue)
    restoring.advance(NOW)
    ticking.close_finished(timezone.now())
    restore()
    assert restoring.advance(NOW) == restoring.Restored(0, 0, 0)
    issue.refresh_from_db()
    assert (issue.state, issue.state_reason) == (IssueState.SENT, "")


def test_a_task_that_was_queued_before_the_restore_sends_nothing(issue):
    restore()
    tasks.drain(issue.pk)
    assert mail.outbox == []
    assert issue.deliveries.get().state == DeliveryState.PENDING
    restoring.advance(NOW)
    resume(Issue.objects.get(), now=timezone.now())
    tasks.drain(issue.pk)
    assert len(mail.outbox) == 1


def test_a_machine_without_a_memory_trusts_the_database(issue, settings):
    restore()
    settings.LEDGER_MARK.unlink()
    assert not restoring.is_older()
    assert restoring.advance(NOW) is None


def test_another_database_was_not_restored(issue, monkeypatch):
    restore()
    monkeypatch.setitem(connection.settings_dict, "HOST", "another.example")
    assert restoring.advance(NOW) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '{"database": 1}', "\x00\xff"])
def test_a_broken_memory_says_nothing_and_is_mended(issue, settings, content, caplog):
    settings.LEDGER_MARK.write_text(content, encoding="latin-1")
    assert restoring.advance(NOW) is None
    assert "says nothing" in caplog.text
    assert restoring.recall() == LedgerMark.objects.get().number


def test_a_disk_that_cannot_be_written_stops_nobody(issue, settings, tmp_path, caplog):
    settings.LEDGER_MARK = tmp_path / "no such folder" / "mark"
    assert ticking.tick(timezone.now()) == [issue.pk]
    assert "may go unnoticed" in caplog.text


def test_nothing_but_the_memory_is_left_on_disk(issue, settings):
    names = {path.name for path in settings.LEDGER_MARK.parent.glob("ledger-mark*")}
    assert names == {"ledger-mark"}


def test_what_a_backup_knew_of_mailers_is_over_but_the_days_count_stays(issue):
    long_ahead = NOW + timedelta(days=1)
    MailerState.objects.create(
        name="default",
        rests_until=long_ahead,
        failures=3,
        needs_operator=True,
        reason="535 wrong password",
        day=NOW.date(),
        begun=40,
    )
    DomainTurn.objects.create(
        mailer="default", domain="gmail.com", next_at=long_ahead, queue_until=long_ahead
    )
    Issue.objects.filter(pk=issue.pk).update(rests_until=long_ahead)
    restore()
    assert restoring.advance(NOW)
    state = MailerState.objects.get()
    assert (state.rests_until, state.failures, state.needs_operator) == (None, 0, False)
    assert (state.reason, state.day, state.begun) == ("", NOW.date(), 40)
    assert not DomainTurn.objects.exists()
    issue.refresh_from_db()
    assert issue.rests_until is None
