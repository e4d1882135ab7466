"""Moving to an address that is somebody else's, or that many name: who comes first, and mails."""

from datetime import timedelta

import pytest
from django.core import mail

from subscribers.answering import answer_change
from subscribers.models import (
    CONFIRM_WITHIN,
    Quota,
    Subscriber,
)
from subscribers.moving import MAX_CHANGES_A_DAY, Moving, move, state_of
from subscribers.restraint import may_mail_move
from subscribers.subscribing import Confirmation, confirm
from tests.factories import make_reader
from tests.subscribers.moves import NEW, NOW, OLD, now_at, wish

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
State = Subscriber.State


def test_one_address_is_not_mailed_more_often_because_many_readers_name_it():
    changes = [wish(make_reader(), now=NOW) for _ in range(8)]
    assert [answer_change(change.pk, now=NOW) for change in changes] == [True] + [False] * 7
    assert [message.to for message in mail.outbox] == [[NEW]]


def test_a_mail_that_failed_is_tried_again_and_counted_once(monkeypatch):
    change, other = wish(make_reader(OLD)), wish(make_reader())

    def failing(*args):
        raise OSError("connection refused")

    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMultiAlternatives.send", failing)
        with pytest.raises(OSError, match="refused"):
            answer_change(change.pk, now=NOW)
    assert not answer_change(other.pk, now=NOW)
    assert answer_change(change.pk, now=NOW + MINUTE)


def target(state):
    """Make whoever the address belongs to, in one of the ways that a stranger must not tell."""
    if state in ("mailed", "mailed often"):
        for _ in range(1 if state == "mailed" else 9):
            may_mail_move(NEW, NOW)
    elif state != "unknown":
        make_reader(
            NEW,
            state=state,
            suppression="complained" if state == State.SUPPRESSED else "",
            left_at=NOW if state == State.UNSUBSCRIBED else None,
            confirmed_at=None if state == State.PENDING else NOW,
        )


@pytest.mark.parametrize("state", [*State.values, "mailed", "mailed often", "asked to subscribe"])
def test_whose_an_address_is_cannot_be_told_from_what_is_kept_of_the_wish(ask, state):
    seen = []
    for kind in ("unknown", state):
        if kind == "asked to subscribe":
            ask(email=NEW, now=NOW)
        else:
            target(kind)
        reader = make_reader()
        change = wish(reader)
        if change:
            answer_change(change.pk, now=NOW + MINUTE)
        skipped = ("id", "subscriber_id")
        rows = reader.address_changes.values()
        seen.append([{k: v for k, v in row.items() if k not in skipped} for row in rows])
        Quota.objects.all().delete()
    assert len(seen[0]) == 1
    assert seen[0] == seen[1]


def test_wishes_that_get_no_mail_count_too():
    """Or a reader could try out addresses without end."""
    reader = make_reader(OLD)
    for number in range(MAX_CHANGES_A_DAY + 2):
        make_reader(f"s{number}@example.com", state=State.SUPPRESSED, suppression="complained")
        wish(reader, f"s{number}@example.com", now=NOW + number * MINUTE)
    assert reader.address_changes.count() == MAX_CHANGES_A_DAY


@pytest.mark.parametrize("state", [State.PENDING, State.UNSUBSCRIBED])
def test_who_asked_to_subscribe_comes_before_who_wants_to_move_there(ask, state):
    victim = make_reader(NEW, state=state, confirmed_at=None, left_at=NOW - MINUTE)
    change = wish(make_reader(OLD))
    assert answer_change(change.pk, now=NOW)
    assert ask(email=NEW, now=NOW + MINUTE) == [victim.pk], "their own mail comes all the same"
    assert state_of(change, NOW + 2 * MINUTE) is Moving.TAKEN
    assert move(change.pk, now=NOW + 2 * MINUTE) is Moving.TAKEN
    assert now_at(victim) == NEW
    assert confirm(victim.pk, now=NOW + 3 * MINUTE) is Confirmation.CONFIRMED


def test_who_asked_to_subscribe_is_not_asked_to_take_in_somebody_else(ask):
    ask(email=NEW, now=NOW)
    assert not answer_change(wish(make_reader(OLD)).pk, now=NOW + MINUTE)
    assert mail.outbox == []


def test_a_request_that_nobody_confirmed_in_time_stands_in_nobodys_way(ask):
    ask(email=NEW, now=NOW)
    change = wish(make_reader(OLD), now=NOW + CONFIRM_WITHIN)
    assert move(change.pk, now=NOW + CONFIRM_WITHIN + MINUTE) is Moving.DONE
