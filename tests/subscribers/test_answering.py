"""Mails that somebody asked for go out, whatever became of their task."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from subscribers import answering
from subscribers.answering import answer, answer_change, answer_forgotten
from subscribers.models import AddressChange, ConsentEvent
from subscribers.moving import move
from tests.factories import make_reader

pytestmark = pytest.mark.django_db


def asked(minutes_ago, **fields):
    reader = make_reader(state="pending", confirmed_at=None, **fields)
    ConsentEvent.objects.create(
        subscriber=reader,
        kind="subscribed",
        origin="form",
        at=timezone.now() - timedelta(minutes=minutes_ago),
    )
    return reader


def test_a_request_whose_task_was_lost_is_answered_once():
    asked(5)
    assert answer_forgotten(timezone.now()) == 1
    assert answer_forgotten(timezone.now()) == 0
    assert len(mail.outbox) == 1


def test_a_request_that_a_worker_may_still_answer_is_left_to_it():
    asked(0)
    assert answer_forgotten(timezone.now()) == 0


def test_a_request_of_days_ago_is_not_answered_any_more():
    asked(3 * 24 * 60)
    assert answer_forgotten(timezone.now()) == 0


def test_whoever_was_imported_did_not_ask_for_a_mail():
    asked(5)
    ConsentEvent.objects.update(origin="sample")
    assert answer_forgotten(timezone.now()) == 0


def test_an_answer_that_fails_is_tried_less_and_less_often_and_then_no_more(monkeypatch):
    asked(5)
    attempts = []

    def failing(subscriber_id):
        attempts.append(subscriber_id)
        raise OSError("connection refused")

    monkeypatch.setattr(answering, "answer_request", failing)
    start = timezone.now()
    for minute in range(24 * 60):
        answer_forgotten(start + timedelta(minutes=minute))
    assert len(attempts) == answering.MAX_TRIES


def test_an_address_that_is_refused_for_good_is_not_tried_again(monkeypatch):
    asked(5)

    def refused(subscriber_id):
        exc = OSError("refused")
        exc.recipients = {"x@example.com": (550, b"5.1.1 nobody")}
        raise exc

    monkeypatch.setattr(answering, "answer_request", refused)
    assert answer_forgotten(timezone.now()) == 0
    assert ConsentEvent.objects.get().answered_at


def test_a_task_that_runs_twice_sends_one_mail():
    reader = asked(0)
    assert answer(reader.pk, now=timezone.now())
    assert not answer(reader.pk, now=timezone.now())
    assert len(mail.outbox) == 1


def test_one_mail_that_fails_does_not_hold_up_the_others(monkeypatch, caplog):
    bad, good = asked(5), asked(5)
    whole = answering.answer_request

    def flaky(subscriber_id):
        if subscriber_id == bad.pk:
            raise OSError("connection refused")
        return whole(subscriber_id)

    monkeypatch.setattr(answering, "answer_request", flaky)
    assert answer_forgotten(timezone.now()) == 1
    assert [message.to for message in mail.outbox] == [[good.email]]
    assert "not answered yet" in caplog.text
    assert bad.email not in caplog.text
    monkeypatch.undo()
    assert answer_forgotten(timezone.now() + timedelta(minutes=1)) == 1


@pytest.fixture
def change():
    """A reader's wish to move that got no mail yet."""
    reader = make_reader("ada@example.com")
    asked_at = timezone.now() - timedelta(minutes=5)
    return AddressChange.objects.create(
        subscriber=reader, email="ada@example.net", asked_at=asked_at
    )


@pytest.mark.parametrize("origin", ["embed", "api"])
def test_whichever_way_somebody_asked_they_are_answered(origin):
    asked(5)
    ConsentEvent.objects.update(origin=origin)
    assert answer_forgotten(timezone.now()) == 1


def test_the_new_address_and_then_the_former_one_get_one_mail_each(change):
    now = timezone.now()
    assert [answer_change(change.pk, now=now) for _ in range(2)] == [True, False]
    move(change.pk, now=now)
    assert [answer_change(change.pk, now=now) for _ in range(2)] == [True, False]
    assert [message.to for message in mail.outbox] == [["ada@example.net"], ["ada@example.com"]]


def test_mails_of_a_change_whose_tasks_were_lost_go_out_all_the_same(change):
    now = timezone.now()
    assert answer_forgotten(now) == 1
    move(change.pk, now=now)
    assert answer_forgotten(now) == 0, "a worker may still have it"
    assert answer_forgotten(now + timedelta(minutes=1)) == 1
    assert answer_forgotten(now + timedelta(hours=1)) == 0
    assert len(mail.outbox) == 2


def test_a_move_that_is_done_while_the_first_mail_goes_out_still_owes_the_second(
    change, monkeypatch
):
    now = timezone.now()
    whole = answering.answer_move

    def confirmed_at_once(change_id, **clock):
        sent = whole(change_id, **clock)
        move(change_id, now=now)
        return sent

    monkeypatch.setattr(answering, "answer_move", confirmed_at_once)
    assert answer_change(change.pk, now=now)
    assert answer_change(change.pk, now=now)
    assert [message.to for message in mail.outbox] == [["ada@example.net"], ["ada@example.com"]]


def test_a_mail_for_a_change_that_fails_is_tried_again_later(change, monkeypatch, caplog):
    def failing(change_id, **clock):
        raise OSError("connection refused")

    now = timezone.now()
    monkeypatch.setattr(answering, "answer_move", failing)
    assert answer_forgotten(now) == 0
    assert change.email not in caplog.text
    monkeypatch.undo()
    assert answer_forgotten(now) == 0
    assert answer_forgotten(now + timedelta(minutes=1)) == 1


def test_no_mail_goes_out_for_a_change_that_is_not_there():
    assert not answer_change(987_654, now=timezone.now())
