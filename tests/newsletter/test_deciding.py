"""What is read in the transaction of an intent, and held still until it is committed."""

import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from newsletter import ledger
from newsletter.deciding import Intent, decide, locked
from newsletter.editions import edition_of
from newsletter.models import Delivery
from newsletter.states import DeliveryState
from newsletter.steering import send_now
from subscribers.models import Mute, Source, Subscriber
from tests.factories import make_reader, make_source
from tests.sends import prepared

needs_row_locks = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)


def claimed():
    """Return an issue of two sources, its edition, and the claim of one reader's row."""
    make_reader("ada@example.com")
    issue = prepared(make_source(), make_source())
    send_now(issue, now=timezone.now())
    return edition_of(issue), ledger.claim(issue.pk, now=timezone.now())


def decided(edition, claim):
    with transaction.atomic():
        pk, token = claim.delivery_ids[0], claim.token
        return decide(pk, token, edition, clock=timezone.now, mailer="default", wired=False)


@pytest.mark.django_db
def test_a_row_comes_with_its_reader_as_both_are_now():
    _, claim = claimed()
    with transaction.atomic():
        delivery, reader = locked(claim.delivery_ids[0])
    assert delivery == Delivery.objects.get()
    assert reader == Subscriber.objects.get()
    for found in (delivery, reader):
        fresh = type(found).objects.get(pk=found.pk)
        for field in found._meta.concrete_fields:
            assert getattr(found, field.attname) == getattr(fresh, field.attname)


@pytest.mark.django_db
def test_a_row_without_a_reader_comes_alone():
    _, claim = claimed()
    Subscriber.objects.all().delete()
    with transaction.atomic():
        delivery, reader = locked(claim.delivery_ids[0])
    assert (delivery, reader) == (Delivery.objects.get(), None)


@pytest.mark.django_db
def test_a_lost_claim_gives_no_intent_and_changes_nothing():
    edition, claim = claimed()
    ledger.release(claim.token)
    assert decided(edition, claim) is None
    assert Delivery.objects.get().state == DeliveryState.PENDING


def decided_meanwhile(change):
    """Decide in another thread while ``change`` holds the reader; returns what was decided."""
    edition, claim = claimed()
    found = []

    def work():
        found.append(decided(edition, claim))
        connection.close()

    worker = threading.Thread(target=work)
    with transaction.atomic():
        change(Subscriber.objects.select_for_update().get())
        worker.start()
        worker.join(timeout=1)
        assert worker.is_alive(), "the decision waits for the reader's"
    worker.join(timeout=10)
    return found[0]


@needs_row_locks
@pytest.mark.django_db(transaction=True)
def test_a_mute_that_commits_while_the_worker_waits_counts():
    def mute(reader):
        Mute.objects.create(subscriber=reader, source=Source.objects.all()[0])

    intent = decided_meanwhile(mute)
    assert isinstance(intent, Intent)
    assert Delivery.objects.get().stories == 1


@needs_row_locks
@pytest.mark.django_db(transaction=True)
def test_a_choice_that_commits_while_the_worker_waits_counts():
    def choose(reader):
        reader.all_sources = False
        reader.save()
        reader.sources.set(Source.objects.all()[:1])

    assert isinstance(decided_meanwhile(choose), Intent)
    assert Delivery.objects.get().stories == 1


@needs_row_locks
@pytest.mark.django_db(transaction=True)
def test_a_reader_who_leaves_while_the_worker_waits_gets_nothing():
    def leave(reader):
        Subscriber.objects.update(state="unsubscribed", left_at=timezone.now())

    assert decided_meanwhile(leave) == DeliveryState.SKIPPED


@needs_row_locks
@pytest.mark.django_db(transaction=True)
def test_a_reader_who_is_deleted_while_the_worker_waits_gets_nothing():
    assert decided_meanwhile(lambda reader: reader.delete()) == DeliveryState.SKIPPED
    assert Delivery.objects.get().reason == "unsubscribed"
