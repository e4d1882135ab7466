"""How soon what a dead worker left is put right, with the settings as they are by default."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from newsletter import ledger, tasks
from newsletter.models import Delivery
from newsletter.states import DeliveryState
from newsletter.steering import send_now
from tests.factories import make_reader, make_source
from tests.sends import prepared

BACK_SECONDS = 180
SHOWN_SECONDS = 7 * 60
# For a task that waits in its queue, and for a look at the ledger once a second.
SPARE_SECONDS = 10


def janitor_seconds():
    """Return how long it is at the most between two rounds of the janitor.

    A worker without a broker comes round to it after a drain.
    """
    beat = settings.CELERY_BEAT_SCHEDULE["janitor"]["schedule"].total_seconds()
    return max(beat, settings.JANITOR_SECONDS, settings.DRAIN_SECONDS) + SPARE_SECONDS


@pytest.fixture
def claim(db):
    """A row in the hands of a worker."""
    make_reader()
    issue = prepared(make_source())
    send_now(issue, now=timezone.now())
    return ledger.claim(issue.pk, now=timezone.now())


def the_worker_died_before(seconds: float) -> str:
    """Let so much time pass for the database's leases, let the janitor come, and look."""
    Delivery.objects.update(lease_until=F("lease_until") - timedelta(seconds=seconds))
    tasks.janitor()
    return Delivery.objects.get().state


def test_claimed_rows_are_back_within_three_minutes(claim):
    # At the worst the janitor came just before the lease ended.
    assert settings.CLAIM_LEASE_SECONDS + janitor_seconds() <= BACK_SECONDS
    assert the_worker_died_before(settings.CLAIM_LEASE_SECONDS - 5) == DeliveryState.CLAIMED
    assert the_worker_died_before(5) == DeliveryState.PENDING


def test_doubtful_messages_are_shown_within_seven_minutes(claim):
    assert settings.INTENT_LEASE_SECONDS + janitor_seconds() <= SHOWN_SECONDS
    Delivery.objects.update(
        state=DeliveryState.SENDING,
        intent_at=timezone.now(),
        lease_until=timezone.now() + timedelta(seconds=settings.INTENT_LEASE_SECONDS),
    )
    assert the_worker_died_before(settings.INTENT_LEASE_SECONDS - 5) == DeliveryState.SENDING
    assert the_worker_died_before(5) == DeliveryState.AMBIGUOUS
