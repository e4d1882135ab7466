"""Readers who change their hour in the moment in which somebody else wants the same rows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from newsletter import deciding, planning, sending, steering
from newsletter.models import Delivery
from newsletter.planning import plan
from subscribers import recording, subscribing
from subscribers.forgetting import forget
from subscribers.models import Subscriber
from tests.factories import make_approved_issue, make_reader
from tests.subscribers.races import both_at_once, elsewhere, needs_rows_locked, one_after_the_other

pytestmark = [needs_rows_locked, pytest.mark.django_db(transaction=True)]

NOW = timezone.now()
TOMORROW = (NOW + timedelta(days=1)).date()
PATIENCE_SECONDS = 10


def approved():
    """Make an issue of tomorrow, so that at no hour of the day it is due yet."""
    return make_approved_issue(end=TOMORROW)


def change(reader, **fields) -> bool:
    return subscribing.change(reader.pk, lambda choices: replace(choices, **fields), now=NOW)


def hour_of(delivery) -> int:
    delivery.refresh_from_db()
    hour: int = delivery.due_at.hour
    return hour


def finished(work) -> bool:
    """Do something with another connection, and tell whether it waited for nobody."""
    other = elsewhere(work)
    other.start()
    other.join(timeout=PATIENCE_SECONDS)
    return not other.is_alive()


def test_a_change_does_not_wait_for_who_has_the_row_and_waits_for_the_reader():
    reader = make_reader()
    issue = approved()
    plan(issue, now=NOW)
    delivery = issue.deliveries.get()
    seen = []

    def send():
        with transaction.atomic():
            held = Delivery.objects.select_for_update().get(pk=delivery.pk)
            seen.append(held.pk)
            seen.append(deciding.locked(held.pk)[1].hour)

    sender = elsewhere(send)
    with transaction.atomic():
        assert recording.locked(reader.pk)
        sender.start()
        sender.join(timeout=1)
        assert seen == [delivery.pk], "the sender has the row and waits for the reader"
        assert change(reader, hour=18)
    sender.join(timeout=PATIENCE_SECONDS)
    assert seen == [delivery.pk, 18], "and sees what the reader chose"


def test_a_reader_who_is_deleted_while_changing_fails_nobody():
    reader = make_reader()
    plan(approved(), now=NOW)
    found = []
    deleter = elsewhere(lambda: found.append(forget(reader.pk)))
    with transaction.atomic():
        assert recording.locked(reader.pk)
        deleter.start()
        deleter.join(timeout=1)
        assert change(reader, hour=18)
    deleter.join(timeout=PATIENCE_SECONDS)
    assert found == [True]
    assert not Subscriber.objects.exists()


def test_an_editor_who_sends_at_once_is_not_waited_for_and_wins():
    reader = make_reader()
    issue = approved()
    plan(issue, now=NOW)
    with transaction.atomic():
        steering.send_now(issue, now=NOW)
        assert finished(lambda: change(reader, hour=18))
    assert issue.deliveries.get().due_at == NOW


def test_an_editor_who_sends_at_once_waits_for_a_change_and_wins():
    reader = make_reader()
    issue = approved()
    plan(issue, now=NOW)
    one_after_the_other(lambda: change(reader, hour=18), lambda: steering.send_now(issue, now=NOW))
    assert issue.deliveries.get().due_at == NOW


def test_a_change_between_the_planners_look_and_its_row_is_not_lost(monkeypatch):
    reader, other = make_reader(), make_reader()
    issue = approved()
    whole = planning.due_rows

    def meanwhile(*args, **kwargs):
        yield from whole(*args, **kwargs)
        assert finished(lambda: change(reader, hour=18))

    monkeypatch.setattr(planning, "due_rows", meanwhile)
    plan(issue, now=NOW)
    assert hour_of(issue.deliveries.get(subscriber=reader)) == 18
    assert hour_of(issue.deliveries.get(subscriber=other)) == 7


def test_a_planner_waits_for_a_change_under_way_and_does_not_lose_it():
    reader = make_reader()
    issue = approved()
    one_after_the_other(lambda: change(reader, hour=18), lambda: plan(issue, now=NOW))
    assert hour_of(issue.deliveries.get()) == 18


def test_a_change_waits_for_a_plan_under_way_and_finds_its_rows():
    reader = make_reader()
    issue = approved()
    one_after_the_other(lambda: plan(issue, now=NOW), lambda: change(reader, hour=18))
    assert hour_of(issue.deliveries.get()) == 18


def test_an_issue_is_planned_while_its_readers_change_and_nothing_is_lost():
    readers = [make_reader() for _ in range(40)]
    issue = approved()
    assert both_at_once(
        lambda: plan(issue, now=NOW),
        lambda: sum(change(reader, hour=18) for reader in readers),
    ) == {len(readers)}
    assert {due_at.hour for due_at in issue.deliveries.values_list("due_at", flat=True)} == {18}


def test_an_issue_is_sent_while_its_readers_change_and_nobody_fails():
    readers = [make_reader() for _ in range(40)]
    today = make_approved_issue(end=NOW.date())
    plan(today, now=NOW, at_once=True)
    tomorrow = approved()
    plan(tomorrow, now=NOW)
    assert both_at_once(
        lambda: sending.drain(today.pk).sent,
        lambda: sum(change(reader, hour=18) for reader in readers),
    ) == {len(readers)}
    assert {due_at.hour for due_at in tomorrow.deliveries.values_list("due_at", flat=True)} == {18}
