"""What a tick finds to do."""

import io
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone

from newsletter import publishing, sending, tasks, ticking
from newsletter.approving import approve
from newsletter.models import Issue, WebCopy
from newsletter.states import DeliveryState, IssueState
from newsletter.steering import cancel, send_now
from tests.factories import make_reader, make_source
from tests.sends import prepared, sent

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def issue():
    """An issue that was sent to somebody, and closed."""
    make_reader()
    issue = prepared(make_source())
    sent(issue)
    ticking.close_finished(timezone.now())
    issue.refresh_from_db()
    assert issue.state == IssueState.SENT
    return issue


def newcomer():
    return make_reader(welcome_due_at=timezone.now())


def test_a_tick_makes_up_for_a_welcome_whose_task_was_lost(issue):
    newcomer()
    assert ticking.tick(timezone.now()) == [issue.pk]
    assert issue.deliveries.get(occasion="welcome").state == DeliveryState.PENDING
    sending.drain(issue.pk)
    assert ticking.tick(timezone.now()) == []
    assert len(mail.outbox) == 2


def test_leftovers_of_a_sent_issue_wake_nobody(issue):
    issue.deliveries.create(subscriber=make_reader(), due_at=timezone.now())
    assert ticking.tick(timezone.now() + HOUR) == []


def test_a_welcome_that_is_tried_again_later_wakes_a_worker_then(issue):
    newcomer()
    ticking.tick(timezone.now())
    issue.deliveries.filter(occasion="welcome").update(due_at=timezone.now() + HOUR)
    assert ticking.tick(timezone.now()) == []
    assert ticking.tick(timezone.now() + 2 * HOUR) == [issue.pk]


def test_a_welcome_rests_with_the_mail_server_of_its_issue(issue):
    newcomer()
    Issue.objects.update(rests_until=timezone.now() + HOUR)
    assert ticking.tick(timezone.now()) == []
    assert ticking.tick(timezone.now() + 2 * HOUR) == [issue.pk]


def test_welcomes_do_not_hold_up_the_end_of_an_issue():
    regular = make_reader()
    issue = prepared(make_source())
    send_now(issue, now=timezone.now())
    newcomer()
    ticking.tick(timezone.now())
    assert ticking.close_finished(timezone.now()) == 0
    issue.deliveries.filter(subscriber=regular).update(state="skipped", reason="paused")
    assert ticking.close_finished(timezone.now()) == 1
    sending.drain(issue.pk)
    assert len(mail.outbox) == 1


def test_the_beats_task_wakes_workers_for_welcomes(issue, monkeypatch):
    newcomer()
    woken: list[int] = []
    monkeypatch.setattr(tasks, "wake", woken.append)
    tasks.tick()
    assert set(woken) == {issue.pk}


def test_one_process_without_a_broker_welcomes_as_well(issue):
    newcomer()
    call_command("run_delivery", "--once", stdout=io.StringIO())
    assert len(mail.outbox) == 2
    assert mail.outbox[1].subject.startswith("Welcome to ")


def test_a_page_that_cannot_be_made_holds_up_no_mail(monkeypatch):
    make_reader()
    issue = prepared(make_source())
    approve(issue, now=timezone.now())

    def fails(issue):
        raise ValueError("a fault")

    monkeypatch.setattr(publishing, "public_content_of", fails)
    assert ticking.tick(timezone.now() + 48 * HOUR) == [issue.pk]
    assert not WebCopy.objects.exists()
    cancel(issue, now=timezone.now())
    assert issue.state == IssueState.CANCELLED


def test_an_issue_whose_page_failed_once_is_shown_by_the_next_tick(monkeypatch):
    make_reader()
    issue = prepared(make_source())
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "public_content_of", None)
        send_now(issue, now=timezone.now())
    assert not WebCopy.objects.exists()
    ticking.tick(timezone.now())
    assert WebCopy.objects.get().issue == issue


def test_a_welcome_that_no_server_would_take_rests_instead_of_pausing_a_sent_issue(issue, settings):
    newcomer()
    ticking.tick(timezone.now())
    settings.EMAIL_BACKEND = "no.such.Backend"
    assert sending.drain(issue.pk).halted
    issue.refresh_from_db()
    assert issue.state == IssueState.SENT
    assert issue.rests_until > timezone.now()
    assert ticking.tick(timezone.now()) == []
