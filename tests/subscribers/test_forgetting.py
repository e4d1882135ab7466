"""Forgetting: who asks for it, who never confirmed, and what is over."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from newsletter import deciding, sending
from newsletter.models import Delivery
from newsletter.planning import plan
from subscribers import forgetting, signing_up
from subscribers.choices import Choices
from subscribers.forgetting import clear_quotas, forget, forget_unconfirmed
from subscribers.models import (
    CONFIRM_WITHIN,
    AddressChange,
    ConsentEvent,
    Mute,
    Quota,
    SignUp,
    Subscriber,
)
from subscribers.subscribing import Confirmation, confirm
from tests.factories import make_approved_issue, make_issue, make_reader, make_source
from tests.subscribers.races import both_at_once, needs_rows_locked, one_after_the_other

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
ADA = "ada@example.com"
State = Subscriber.State


def addresses():
    return set(Subscriber.objects.values_list("email", flat=True))


def test_who_is_forgotten_leaves_no_row_behind_but_the_books():
    reader = make_reader(ADA, sources=[make_source()])
    Mute.objects.create(subscriber=reader, source=make_source())
    AddressChange.objects.create(subscriber=reader, email="new@example.com", asked_at=NOW)
    ConsentEvent.objects.create(subscriber=reader, kind="confirmed", origin="link", at=NOW)
    delivery = make_issue().deliveries.create(
        subscriber=reader, state="sent", due_at=NOW, intent_at=NOW, sent_at=NOW
    )
    assert forget(reader.pk)
    assert not forget(reader.pk)
    for model in (Subscriber, ConsentEvent, AddressChange, Mute):
        assert not model.objects.exists()
    delivery.refresh_from_db()
    assert (delivery.subscriber_id, delivery.state) == (None, "sent")


def test_what_servers_said_of_the_forgotten_names_them_no_more():
    reader = make_reader(ADA)
    delivery = make_issue().deliveries.create(
        subscriber=reader,
        state="failed",
        due_at=NOW,
        reason=f"refused: 550 <{ADA}> is unknown here",
        reply=f"550 <{ADA}> is unknown here",
    )
    forget(reader.pk)
    delivery.refresh_from_db()
    assert (delivery.reason, delivery.reply) == ("refused: …", "")


def test_only_the_one_who_asks_is_forgotten():
    reader, other = make_reader(ADA), make_reader("bob@example.com")
    make_issue().deliveries.create(subscriber=other, due_at=NOW)
    assert forget(reader.pk)
    assert addresses() == {other.email}
    assert Delivery.objects.get().subscriber_id == other.pk


def test_a_request_at_the_door_does_not_bring_back_who_was_forgotten():
    reader = make_reader(ADA)
    for email in (ADA, "bob@example.com"):
        signing_up.take(email, Choices(), now=NOW, origin="form")
    forget(reader.pk)
    assert [row.email for row in SignUp.objects.all()] == ["bob@example.com"]


def test_who_is_forgotten_while_an_issue_is_sent_gets_nothing_and_the_others_do():
    reader, other = make_reader(ADA), make_reader("bob@example.com")
    issue = make_approved_issue()
    plan(issue, now=timezone.now(), at_once=True)
    forget(reader.pk)
    sending.drain(issue.pk)
    assert [message.to for message in mail.outbox] == [[other.email]]
    assert sorted(Delivery.objects.values_list("state", "reason")) == [
        ("sent", ""),
        ("skipped", "unsubscribed"),
    ]


def test_an_issue_that_was_planned_before_the_lock_is_locked_before_the_reader(monkeypatch):
    reader = make_reader(ADA)
    delivery = make_issue().deliveries.create(subscriber=reader, due_at=NOW)
    rounds = []
    whole = forgetting.hold_deliveries

    def too_early_at_first(found):
        rounds.append(found.pk)
        return whole(found) if len(rounds) > 1 else set()

    monkeypatch.setattr(forgetting, "hold_deliveries", too_early_at_first)
    assert forget(reader.pk)
    assert len(rounds) == 2
    delivery.refresh_from_db()
    assert delivery.subscriber_id is None


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_forgetting_waits_for_a_sender_and_never_the_other_way_round():
    reader = make_reader(ADA)
    delivery = make_issue().deliveries.create(subscriber=reader, due_at=NOW)

    def send():
        held = Delivery.objects.select_for_update().get(pk=delivery.pk)
        return deciding.locked(held.pk)[1] == reader

    assert one_after_the_other(send, lambda: forget(reader.pk)) == (True, True)


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_readers_are_forgotten_while_their_issue_is_sent_and_nobody_fails():
    readers = [make_reader() for _ in range(30)]
    issue = make_approved_issue()
    plan(issue, now=timezone.now(), at_once=True)
    assert both_at_once(
        lambda: sending.drain(issue.pk).failed,
        lambda: sum(forget(reader.pk) for reader in readers),
    ) == {0, len(readers)}
    assert not Subscriber.objects.exists()
    assert set(Delivery.objects.values_list("state", flat=True)) <= {"sent", "skipped"}


def waiting(email, asked_at, **fields):
    reader = make_reader(email, state=State.PENDING, confirmed_at=None, **fields)
    reader.consent_events.create(kind="subscribed", origin="form", at=asked_at)
    return reader


def test_who_did_not_confirm_for_seven_days_is_forgotten():
    waiting("old@example.com", NOW - CONFIRM_WITHIN)
    waiting("new@example.com", NOW - CONFIRM_WITHIN + SECOND)
    assert forget_unconfirmed(NOW) == 1
    assert forget_unconfirmed(NOW) == 0
    assert addresses() == {"new@example.com"}


def test_what_may_be_confirmed_is_not_forgotten_and_what_is_forgotten_may_not():
    reader = waiting(ADA, NOW)
    edge = NOW + CONFIRM_WITHIN
    assert forget_unconfirmed(edge - SECOND) == 0
    assert confirm(reader.pk, now=edge) is Confirmation.EXPIRED
    assert forget_unconfirmed(edge) == 1


def test_who_asked_again_has_seven_days_from_then(ask):
    ask(now=NOW)
    ask(Choices(hour=9), now=NOW + SECOND)
    assert forget_unconfirmed(NOW + CONFIRM_WITHIN) == 0
    assert forget_unconfirmed(NOW + CONFIRM_WITHIN + SECOND) == 1


@pytest.mark.parametrize("state", [State.ACTIVE, State.UNSUBSCRIBED, State.SUPPRESSED])
def test_whoever_came_in_once_is_not_forgotten(state):
    make_reader(ADA, state=state, suppression="bounced" if state == State.SUPPRESSED else "")
    assert forget_unconfirmed(NOW + 365 * DAY) == 0
    assert addresses() == {ADA}


def test_many_are_forgotten_in_batches(monkeypatch):
    monkeypatch.setattr(forgetting, "BATCH", 3)
    for number in range(10):
        waiting(f"old{number}@example.com", NOW - CONFIRM_WITHIN)
    waiting("new@example.com", NOW)
    assert forget_unconfirmed(NOW) == 10
    assert addresses() == {"new@example.com"}


def test_who_asks_again_in_the_last_moment_stays(monkeypatch):
    reader = waiting(ADA, NOW - CONFIRM_WITHIN)
    whole = forgetting.delete_unconfirmed

    def slower(ids, before):
        reader.consent_events.create(kind="subscribed", origin="form", at=NOW)
        return whole(ids, before)

    monkeypatch.setattr(forgetting, "delete_unconfirmed", slower)
    assert forget_unconfirmed(NOW) == 0
    assert addresses() == {ADA}


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_who_asks_again_while_they_are_being_forgotten_waits_for_it(ask):
    reader = waiting(ADA, NOW - CONFIRM_WITHIN)

    def ask_again():
        with transaction.atomic():
            Subscriber.objects.select_for_update().get(pk=reader.pk)
            reader.consent_events.create(kind="subscribed", origin="form", at=NOW)

    assert one_after_the_other(ask_again, lambda: forget_unconfirmed(NOW))[1] == 0
    assert addresses() == {ADA}


def test_leftovers_at_the_door_and_of_changes_are_forgotten_with_the_unconfirmed():
    reader = make_reader(ADA)
    before, after = NOW - CONFIRM_WITHIN, NOW - CONFIRM_WITHIN + SECOND
    for name, at, done in (("a", before, None), ("b", after, None), ("c", before, before)):
        email = f"{name}@example.com"
        SignUp.objects.create(email=email, choices={}, origin="form", asked_at=at)
        AddressChange.objects.create(subscriber=reader, email=email, asked_at=at, done_at=done)
    forget_unconfirmed(NOW)
    assert [row.email for row in SignUp.objects.all()] == ["b@example.com"]
    kept = set(AddressChange.objects.values_list("email", flat=True))
    assert kept == {"b@example.com", "c@example.com"}


def test_counters_are_forgotten_a_day_after_their_window_began():
    Quota.objects.create(key="network:a", window=NOW - DAY - SECOND, count=9)
    Quota.objects.create(key="network:a", window=NOW - DAY, count=9)
    assert clear_quotas(NOW) == 1
    assert clear_quotas(NOW) == 0
    assert Quota.objects.get().window == NOW - DAY
