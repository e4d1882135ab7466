"""Whether somebody works, and what is said if nobody does."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.utils import timezone

from newsletter import heartbeats, mailers, tasks
from newsletter.models import Heartbeat, Issue
from newsletter.steering import pause, send_now
from tests.factories import make_approved_issue, make_reader, make_source
from tests.sends import prepared

pytestmark = pytest.mark.django_db

MINUTES = timedelta(minutes=5)


def complaints():
    return heartbeats.complaints(timezone.now(), MINUTES)


@pytest.fixture
def issue():
    """An issue whose messages have been due for an hour."""
    make_reader()
    issue = prepared(make_source())
    send_now(issue, now=timezone.now() - timedelta(hours=1))
    return issue


def grow_old(**ages):
    Heartbeat.objects.update(**{name: Now() - age for name, age in ages.items()})


def test_a_tick_and_a_pulse_show_that_a_worker_takes_tasks_and_a_drain_that_it_works(issue):
    tasks.tick()
    beat = Heartbeat.objects.get()
    assert (beat.worked_at, beat.seen_at is None) == (None, False)
    tasks.drain(issue.pk)
    beat.refresh_from_db()
    assert beat.worked_at
    grow_old(seen_at=timedelta(hours=1), worked_at=timedelta(hours=1))
    tasks.pulse()
    beat.refresh_from_db()
    assert beat.seen_at - beat.worked_at > timedelta(minutes=59)


def test_messages_that_nobody_takes_are_complained_of(issue):
    said = complaints()
    assert said[0].startswith(f"{issue.slug}: messages are due since")
    assert said[-1] == "No worker was ever seen on this database."


def test_a_worker_that_only_ticks_does_not_quiet_the_complaint(issue):
    heartbeats.record("people@here", working=False)
    assert len(complaints()) == 2
    assert "people@here was last seen" in complaints()[1]
    assert complaints()[1].endswith("last at work never.")


def test_while_somebody_works_nothing_is_complained_of(issue):
    heartbeats.record("issues@here", working=True)
    assert complaints() == []
    grow_old(worked_at=MINUTES + timedelta(seconds=10))
    assert complaints()


def test_what_is_not_due_paused_or_resting_is_no_reason_to_complain(issue):
    Issue.objects.update(rests_until=timezone.now())
    assert complaints() == []
    Issue.objects.update(rests_until=None)
    assert complaints()
    pause(issue)
    assert complaints() == []


def test_without_work_nobody_is_missed():
    make_reader()
    assert complaints() == []
    send_now(prepared(make_source()), now=timezone.now())
    assert complaints() == [], "due for a moment"


def test_an_approved_issue_that_nobody_plans_is_complained_of():
    issue = make_approved_issue()
    day = timezone.now().date()
    hour_ago = timezone.now() - timedelta(hours=1)
    Issue.objects.update(period_start=day, period_end=day, approved_at=hour_ago)
    assert complaints()[0].startswith(f"{issue.slug}: it is approved")
    Issue.objects.update(approved_at=timezone.now())
    assert complaints() == []


def test_a_mailer_that_waits_for_an_operator_is_named_whether_or_not_somebody_works(issue):
    heartbeats.record("issues@here", working=True)
    (mailer,) = mailers.configured()
    mailers.rest(mailer, "down", now=timezone.now())
    assert complaints() == [], "that passes by itself"
    mailers.rest(mailer, "535 5.7.8 no", now=timezone.now(), needs_operator=True)
    told = ["The mailer default is not used before somebody has helped: 535 5.7.8 no"]
    assert complaints() == told
    grow_old(worked_at=timedelta(hours=1))
    assert complaints()[0] == told[0]
    assert len(complaints()) == 3


def test_the_command_exits_non_zero_and_says_why(issue):
    with pytest.raises(CommandError, match="messages are due since"):
        call_command("check_workers")
    call_command("check_workers", "--minutes=90", stdout=io.StringIO())


def test_one_process_without_a_broker_is_a_worker(issue):
    call_command("run_delivery", "--once", stdout=io.StringIO())
    beat = Heartbeat.objects.get()
    assert beat.worker.startswith("run_delivery@")
    assert beat.worked_at


def test_workers_that_were_taken_away_are_forgotten_after_a_week():
    heartbeats.record("one", working=True)
    heartbeats.record("other", working=True)
    Heartbeat.objects.filter(worker="one").update(seen_at=Now() - timedelta(days=8))
    tasks.janitor()
    assert [beat.worker for beat in Heartbeat.objects.all()] == ["other"]
