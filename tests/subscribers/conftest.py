"""What tests of people share."""

from datetime import UTC, datetime

import pytest

from subscribers.choices import Choices
from subscribers.subscribing import subscribe
from subscribers.tasks import send_confirmation
from tests.subscribers.doors import GOOD


@pytest.fixture
def post(client, workers, django_capture_on_commit_callbacks):
    """Send the front page's form and do the work that it queues."""

    def posting(path="/", **fields):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(path, {**GOOD, **fields})

    return posting


@pytest.fixture
def ask(monkeypatch, django_capture_on_commit_callbacks):
    """Ask to subscribe, and tell which readers a mail was queued for."""

    def asking(choices=None, *, now=None, email="ada@example.com", origin="form"):
        queued = []
        monkeypatch.setattr(send_confirmation, "apply_async", lambda args, **_: queued.extend(args))
        choices = choices or Choices(hour=5)
        now = now or datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
        with django_capture_on_commit_callbacks(execute=True):
            subscribe(email, choices, now=now, origin=origin)
        return queued

    return asking


@pytest.fixture
def gates(settings, time_machine):
    """Close the gates as they are by default, at a time that stands still."""
    settings.MIN_FORM_SECONDS = 2
    settings.SIGN_UPS_PER_NETWORK, settings.SIGN_UPS_PER_HOUR = 3, 5
    time_machine.move_to(datetime(2026, 11, 20, 12, 10, tzinfo=UTC), tick=False)
    return settings
