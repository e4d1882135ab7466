"""Requests to subscribe: a row at the door, worked on by a worker, whoever's address it is."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from kombu.exceptions import OperationalError

from subscribers import tasks
from subscribers.addresses import BadAddress
from subscribers.choices import Choices, choices_of
from subscribers.models import ConsentEvent, SignUp, Subscriber
from subscribers.restraint import MAX_MAILS_A_DAY, MAX_SIGN_UP_MAILS_A_DAY
from subscribers.signing_up import take, work_on, work_on_forgotten
from tests.factories import make_reader
from tests.subscribers.races import needs_rows_locked, one_after_the_other

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ADA = "ada@example.com"
EARLY = Choices(hour=5)
LATE = Choices(hour=22, language="de")
State = Subscriber.State
Origin = ConsentEvent.Origin


@pytest.fixture
def queued(monkeypatch):
    """Collect the numbers of requests that a worker was asked to work on."""
    numbers = []
    monkeypatch.setattr(
        tasks.work_on_sign_up, "apply_async", lambda args, **_: numbers.extend(args)
    )
    return numbers


def asked(email=ADA, choices=EARLY, *, now=NOW, origin=Origin.FORM):
    take(email, choices, now=now, origin=origin)
    return SignUp.objects.get(email=email)


def ada():
    return Subscriber.objects.get(email=ADA)


def test_a_request_is_a_row_and_a_task_and_touches_nobody(
    queued, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        row = asked(origin=Origin.EMBED)
    assert queued == [row.pk]
    assert (row.origin, row.asked_at, row.choices) == ("embed", NOW, EARLY.to_json())
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize(
    "email", ["", "ada", "Ada@Example.com", " ada@example.com", "ada@exämple.com", "a@b@c.example"]
)
def test_what_is_no_normalised_address_is_not_taken(queued, email):
    with pytest.raises(BadAddress):
        take(email, EARLY, now=NOW, origin=Origin.FORM)
    assert not SignUp.objects.exists()


def test_a_later_request_before_anybody_worked_replaces_the_earlier_one():
    first = asked()
    later = asked(choices=LATE, now=NOW + MINUTE, origin=Origin.API)
    assert later.pk == first.pk
    assert (later.origin, later.asked_at) == ("api", NOW + MINUTE)
    assert Choices.from_json(later.choices) == LATE


def statements_for(email):
    with CaptureQueriesContext(connection) as captured:
        take(email, EARLY, now=NOW, origin=Origin.FORM)
    statements = [query["sql"].replace(email, "somebody") for query in captured]
    return tuple(sql for sql in statements if "SAVEPOINT" not in sql)


def test_whoever_asks_costs_the_same_one_statement():
    make_reader("active@example.com")
    make_reader("left@example.com", state=State.UNSUBSCRIBED, left_at=NOW)
    make_reader("spam@example.com", state=State.SUPPRESSED, suppression="complained")
    names = ("new", "active", "left", "spam", "new")
    found = {statements_for(f"{name}@example.com") for name in names}
    assert len(found) == 1
    assert len(found.pop()) == 1


def test_a_broker_that_is_down_loses_no_request(monkeypatch, django_capture_on_commit_callbacks):
    def refuse(*args, **kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.work_on_sign_up, "apply_async", refuse)
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        asked()
    assert len(callbacks) == 1
    assert work_on_forgotten(NOW + MINUTE) == 1
    assert ada().state == State.PENDING


def test_a_worker_does_what_was_asked_and_removes_the_row_once():
    row = asked(choices=LATE, origin=Origin.API)
    assert work_on(row.pk, now=NOW + SECOND)
    assert not work_on(row.pk, now=NOW + SECOND)
    assert not SignUp.objects.exists()
    assert choices_of(ada()) == LATE
    event = ada().consent_events.get()
    assert (event.kind, event.origin, event.at) == ("subscribed", "api", NOW + SECOND)


def test_a_request_ends_in_one_mail_and_leaves_no_row(workers, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        asked()
    assert [message.to for message in mail.outbox] == [[ADA]]
    assert not SignUp.objects.exists()


def test_what_fails_half_way_leaves_the_request_as_it_was(monkeypatch):
    row = asked()

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(SignUp, "delete", fail)
    with pytest.raises(OSError, match="disk full"):
        work_on(row.pk, now=NOW)
    assert not Subscriber.objects.exists()
    assert SignUp.objects.filter(pk=row.pk).exists()


def test_a_request_that_a_worker_may_still_have_is_left_to_it():
    asked()
    assert work_on_forgotten(NOW + MINUTE - SECOND) == 0
    assert work_on_forgotten(NOW + MINUTE) == 1
    assert work_on_forgotten(NOW + MINUTE) == 0


def test_one_bad_row_does_not_hold_up_the_others_and_its_address_is_not_logged(caplog):
    bad, good = asked("bad@example.com"), asked()
    SignUp.objects.filter(pk=bad.pk).update(choices={"hour": 99})
    assert work_on_forgotten(NOW + MINUTE) == 1
    assert not SignUp.objects.filter(pk=good.pk).exists()
    assert SignUp.objects.get() == bad
    assert "could not be worked on" in caplog.text
    assert "bad@example.com" not in caplog.text


# Committed each: within one transaction PostgreSQL would look through all earlier versions.
@pytest.mark.django_db(transaction=True)
def test_ten_thousand_posts_for_one_address_cause_at_most_three_mails_a_day(monkeypatch, queued):
    mailed = []
    monkeypatch.setattr(
        tasks.send_confirmation, "apply_async", lambda args, **_: mailed.extend(args)
    )
    # Workers come to every fiftieth post, and find the latest wish.
    posts, worked_on = 10_000, 50
    for post in range(posts):
        now = NOW + post * DAY / posts
        take(ADA, Choices(hour=post % 24), now=now, origin=Origin.FORM)
        if post % worked_on == 0:
            assert work_on(SignUp.objects.get().pk, now=now)
    assert len(mailed) == MAX_SIGN_UP_MAILS_A_DAY < MAX_MAILS_A_DAY == 3


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_a_request_that_comes_while_the_last_one_is_worked_on_is_not_lost(queued):
    row = asked()
    one_after_the_other(
        lambda: work_on(row.pk, now=NOW),
        lambda: take(ADA, LATE, now=NOW + SECOND, origin=Origin.FORM),
    )
    again = SignUp.objects.get()
    assert again.pk in queued
    assert Choices.from_json(again.choices) == LATE


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_two_workers_work_on_a_request_once(queued):
    row = asked()

    def work():
        return work_on(row.pk, now=NOW)

    assert one_after_the_other(work, work) == (True, False)
    assert ada().consent_events.count() == 1
