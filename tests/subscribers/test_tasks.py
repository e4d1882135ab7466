"""What workers, the beat, and the process without a broker do for people."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from django.utils.module_loading import import_string

from subscribers import tasks
from subscribers.choices import Choices
from subscribers.models import CONFIRM_WITHIN, Quota, SignUp, Subscriber
from subscribers.signing_up import take
from tests.factories import make_reader

pytestmark = pytest.mark.django_db


@pytest.fixture
def left_over():
    """A request whose task was lost, somebody who never confirmed, and an old counter."""
    now = timezone.now()
    take("new@example.com", Choices(), now=now - timedelta(minutes=5), origin="form")
    old = make_reader("old@example.com", state=Subscriber.State.PENDING, confirmed_at=None)
    old.consent_events.create(kind="subscribed", origin="form", at=now - CONFIRM_WITHIN)
    Quota.objects.create(key="network:a", window=now - timedelta(days=2), count=1)


def assert_all_is_done():
    assert not SignUp.objects.exists()
    assert not Quota.objects.filter(key="network:a").exists()
    assert [reader.email for reader in Subscriber.objects.all()] == ["new@example.com"]


def test_the_beat_names_tasks_that_there_are():
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert import_string(entry["task"]).name == entry["task"]


def test_the_beats_tasks_make_up_for_what_was_lost_and_forget_what_is_over(left_over):
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        if entry["task"].startswith("subscribers."):
            import_string(entry["task"])()
    assert_all_is_done()


def test_the_process_without_a_broker_does_the_same(left_over):
    call_command("run_delivery", "--once")
    assert_all_is_done()


def test_a_task_whose_work_is_gone_ends_in_peace():
    for task in (tasks.work_on_sign_up, tasks.send_confirmation, tasks.send_address_mail):
        task(987_654)
