"""Moves that are confirmed at the same moment, on a server that lets both in."""

from datetime import timedelta

import pytest

from subscribers import moving
from subscribers.answering import answer_change
from subscribers.models import (
    Subscriber,
)
from subscribers.moving import Moving, move
from tests.factories import make_reader
from tests.subscribers.moves import NEW, NOW, OLD, moved, now_at, wish
from tests.subscribers.races import (
    both_at_once,
    elsewhere,
    needs_rows_locked,
    one_after_the_other,
)

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
State = Subscriber.State


@pytest.fixture
def no_mail(monkeypatch):
    monkeypatch.setattr("subscribers.tasks.send_address_mail.apply_async", lambda args, **_: None)


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_confirm_at_once_move_once(no_mail):
    reader = make_reader(OLD)
    change = wish(reader)

    def confirm():
        return move(change.pk, now=NOW + MINUTE)

    assert one_after_the_other(confirm, confirm) == (Moving.DONE, Moving.DONE)
    assert moved(reader).count() == 1


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_two_readers_who_want_one_address_at_once_get_it_once(no_mail):
    changes = [wish(make_reader(), now=NOW + number * DAY) for number in range(2)]
    first, second = (lambda pk=change.pk: move(pk, now=NOW + 2 * DAY) for change in changes)
    assert both_at_once(first, second) == {Moving.DONE, Moving.TAKEN}


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_two_readers_who_left_and_change_places_do_not_block_each_other(no_mail):
    for number in range(5):
        here, there = f"here{number}@example.com", f"there{number}@example.com"
        pair = [make_reader(name, state=State.UNSUBSCRIBED, left_at=NOW) for name in (here, there)]
        changes = [wish(pair[0], there), wish(pair[1], here)]
        first, second = (lambda pk=change.pk: move(pk, now=NOW + MINUTE) for change in changes)
        assert both_at_once(first, second) == {Moving.DONE, Moving.EXPIRED}


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_a_reader_who_has_just_moved_there_is_not_pushed_aside(no_mail, monkeypatch):
    reader, other = make_reader(OLD), make_reader()
    change, quicker = wish(reader), wish(other)
    whole = moving.state_of
    before = []

    def overtaken(asked, now):
        found = whole(asked, now)
        if not before:
            before.append(found)
            racer = elsewhere(lambda: before.append(move(quicker.pk, now=now)))
            racer.start()
            racer.join(timeout=10)
        return found

    monkeypatch.setattr(moving, "state_of", overtaken)
    assert move(change.pk, now=NOW + MINUTE) is Moving.TAKEN
    assert before == [Moving.OPEN, Moving.DONE]
    assert (now_at(reader), now_at(other)) == (OLD, NEW)


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_two_wishes_for_one_address_at_once_get_it_one_mail(no_mail):
    for number in range(10):
        name = f"new{number}@example.com"
        changes = [wish(make_reader(), name) for _ in range(2)]
        first, second = (lambda pk=change.pk: answer_change(pk, now=NOW) for change in changes)
        assert both_at_once(first, second) == {True, False}
