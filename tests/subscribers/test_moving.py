"""Changing an address: the new one confirms, the former one is told, nobody learns of others."""

from datetime import timedelta

import pytest

from subscribers import moving
from subscribers.models import (
    CONFIRM_WITHIN,
    AddressChange,
    ConsentEvent,
    SignUp,
    Subscriber,
)
from subscribers.moving import MAX_CHANGES_A_DAY, Moving, move, state_of
from subscribers.subscribing import unsubscribe
from tests.factories import make_issue, make_reader, make_source
from tests.subscribers.moves import NEW, NOW, OLD, moved, now_at, wish

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
State = Subscriber.State


def test_a_reader_moves_once_the_new_address_confirms():
    reader = make_reader(OLD, sources=[make_source()], hour=5)
    change = wish(reader)
    assert now_at(reader) == OLD
    assert state_of(change, NOW) is Moving.OPEN
    assert move(change.pk, now=NOW + DAY) is Moving.DONE
    assert (now_at(reader), reader.state, reader.hour) == (NEW, State.ACTIVE, 5)
    event = moved(reader).get()
    assert (event.origin, event.at, event.detail) == ("link", NOW + DAY, OLD)
    assert event.choices["hour"] == 5


def test_confirming_twice_moves_once():
    reader = make_reader(OLD)
    change = wish(reader)
    assert [move(change.pk, now=NOW + MINUTE) for _ in range(3)] == [Moving.DONE] * 3
    assert moved(reader).count() == 1


def test_a_link_is_good_for_seven_days():
    change = wish(make_reader(OLD))
    assert state_of(change, NOW + CONFIRM_WITHIN - MINUTE) is Moving.OPEN
    assert move(change.pk, now=NOW + CONFIRM_WITHIN) is Moving.EXPIRED
    assert now_at(change.subscriber) == OLD


def test_only_the_newest_wish_counts_also_once_it_is_done():
    reader = make_reader(OLD)
    first = wish(reader)
    second = wish(reader, "ada@example.org", now=NOW + MINUTE)
    assert move(first.pk, now=NOW + DAY) is Moving.EXPIRED
    assert move(second.pk, now=NOW + DAY) is Moving.DONE
    assert move(first.pk, now=NOW + DAY) is Moving.EXPIRED
    assert now_at(reader) == "ada@example.org"


def test_a_link_of_a_change_that_was_forgotten_has_expired():
    assert state_of(None, NOW) is Moving.EXPIRED
    assert move(987_654, now=NOW) is Moving.EXPIRED


@pytest.mark.parametrize(
    ("state", "why"),
    [(State.ACTIVE, ""), (State.SUPPRESSED, "bounced"), (State.SUPPRESSED, "complained")],
)
def test_an_address_that_somebody_reads_at_or_that_is_stopped_stays_theirs(state, why):
    reader, other = make_reader(OLD), make_reader(NEW, state=state, suppression=why)
    change = wish(reader)
    assert move(change.pk, now=NOW + MINUTE) is Moving.TAKEN
    assert (now_at(reader), now_at(other)) == (OLD, NEW)
    assert not moved(reader).exists()


@pytest.mark.parametrize("state", [State.PENDING, State.UNSUBSCRIBED])
def test_who_only_asked_or_left_makes_room_and_the_books_stay(state):
    reader = make_reader(OLD)
    other = make_reader(NEW, state=state, confirmed_at=None, left_at=NOW)
    delivery = make_issue().deliveries.create(subscriber=other, due_at=NOW)
    assert move(wish(reader).pk, now=NOW + MINUTE) is Moving.DONE
    assert now_at(reader) == NEW
    assert list(Subscriber.objects.all()) == [reader]
    delivery.refresh_from_db()
    assert delivery.subscriber_id is None


def test_a_reader_whose_address_bounced_reads_again_at_the_new_one():
    reader = make_reader(OLD, state=State.SUPPRESSED, suppression="bounced")
    change = wish(reader)
    assert move(change.pk, now=NOW + MINUTE) is Moving.DONE
    assert (now_at(reader), reader.state, reader.suppression) == (NEW, State.ACTIVE, "")
    change.refresh_from_db()
    assert change.answered_at, "no mail reaches the former address, so none is owed"


@pytest.mark.parametrize("why", ["complained", "manual"])
def test_who_complained_or_was_stopped_by_hand_cannot_move(why):
    reader = make_reader(OLD)
    change = wish(reader)
    Subscriber.objects.filter(pk=reader.pk).update(state=State.SUPPRESSED, suppression=why)
    assert move(change.pk, now=NOW + MINUTE) is Moving.EXPIRED
    assert wish(reader, "other@example.com", now=NOW + MINUTE) is None
    assert (now_at(reader), reader.suppression) == (OLD, why)


@pytest.mark.parametrize("suppression", ["", "bounced"])
def test_who_left_stays_away_at_the_new_address(suppression):
    reader = make_reader(OLD)
    unsubscribe(reader.pk, now=NOW, origin=ConsentEvent.Origin.PAGE)
    if suppression:
        Subscriber.objects.update(state=State.SUPPRESSED, suppression=suppression)
    assert move(wish(reader).pk, now=NOW + MINUTE) is Moving.DONE
    assert (now_at(reader), reader.state, reader.left_at) == (NEW, State.UNSUBSCRIBED, NOW)


def test_who_never_confirmed_their_own_address_cannot_move():
    reader = make_reader(OLD, state=State.PENDING, confirmed_at=None)
    assert wish(reader) is None


def test_a_wish_for_ones_own_address_or_by_nobody_leaves_no_row():
    reader = make_reader(OLD)
    assert wish(reader, OLD) is None
    moving.ask(987_654, NEW, now=NOW)
    assert not AddressChange.objects.exists()


def test_one_reader_has_three_wishes_a_day():
    reader = make_reader(OLD)
    names = [f"a{number}@example.com" for number in range(5)]
    kept = [bool(wish(reader, name, now=NOW + hour * MINUTE)) for hour, name in enumerate(names)]
    assert kept == [True] * MAX_CHANGES_A_DAY + [False] * 2
    assert wish(reader, "a6@example.com", now=NOW + DAY + MINUTE)


def test_a_wish_is_queued_by_number(monkeypatch, django_capture_on_commit_callbacks):
    queued = []
    monkeypatch.setattr(
        "subscribers.tasks.send_address_mail.apply_async", lambda args, **_: queued.extend(args)
    )
    reader = make_reader(OLD)
    with django_capture_on_commit_callbacks(execute=True):
        change = wish(reader)
        move(change.pk, now=NOW + MINUTE)
    assert queued == [change.pk, change.pk]


def test_somebody_who_takes_the_address_in_the_last_moment_is_not_pushed_aside(monkeypatch):
    reader = make_reader(OLD)
    change = wish(reader)
    whole = moving.settle

    def slower(*args):
        make_reader(NEW)
        whole(*args)

    monkeypatch.setattr(moving, "settle", slower)
    assert move(change.pk, now=NOW + MINUTE) is Moving.TAKEN
    assert now_at(reader) == OLD
    assert not moved(reader).exists()
    change.refresh_from_db()
    assert change.done_at is None


def test_a_request_at_the_door_for_the_new_address_does_not_stand_in_the_way():
    reader = make_reader(OLD)
    SignUp.objects.create(email=NEW, choices={}, origin="form", asked_at=NOW)
    assert move(wish(reader).pk, now=NOW + MINUTE) is Moving.DONE
