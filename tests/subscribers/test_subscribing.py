from datetime import UTC, datetime, timedelta

import pytest
from kombu.exceptions import OperationalError

from subscribers.choices import Choices, choices_of
from subscribers.models import CONFIRM_WITHIN, ConsentEvent, Subscriber
from subscribers.signals import confirmed
from subscribers.subscribing import (
    Confirmation,
    change,
    confirm,
    confirmation_of,
    resume,
    subscribe,
    undo,
    unsubscribe,
)
from subscribers.tasks import send_confirmation
from tests.factories import make_reader

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ADA = "ada@example.com"
EARLY = Choices(hour=5)
LATE = Choices(hour=22, wants_weekly=False)
State = Subscriber.State
Origin = ConsentEvent.Origin
Why = Subscriber.Suppression


def ada():
    return Subscriber.objects.get(email=ADA)


def kinds(reader):
    return [event.kind for event in reader.consent_events.all()]


def test_a_new_reader_waits_and_a_mail_is_queued_by_number(ask):
    assert ask() == [ada().pk]
    assert ada().state == State.PENDING
    assert choices_of(ada()) == EARLY
    assert kinds(ada()) == ["subscribed"]
    assert ada().consent_events.get().choices == EARLY.to_json()


def test_confirming_makes_the_reader_active_once(ask):
    ask()
    pk = ada().pk
    assert confirm(pk, now=NOW + DAY) is Confirmation.CONFIRMED
    assert confirm(pk, now=NOW + DAY + MINUTE) is Confirmation.ALREADY
    assert ada().state == State.ACTIVE
    assert ada().confirmed_at == NOW + DAY
    assert kinds(ada()) == ["subscribed", "confirmed"]


def test_a_waiting_reader_may_correct_their_choices_before_confirming(ask):
    ask()
    assert ask(LATE, now=NOW + MINUTE) == []
    confirm(ada().pk, now=NOW + DAY)
    assert choices_of(ada()) == LATE


def test_a_new_reader_is_written_to_in_the_language_of_the_request(ask):
    ask(Choices(language="de"))
    assert ada().language == "de"
    ask(Choices(language="en"), now=NOW + MINUTE)
    assert ada().language == "en"


def test_somebody_elses_request_does_not_change_an_active_readers_language(ask):
    make_reader(ADA, language="de")
    ask(Choices(language="en"))
    assert ada().language == "de"


def test_who_comes_back_is_written_to_in_the_new_language_once_they_confirmed(ask):
    make_reader(ADA, language="de", state=State.UNSUBSCRIBED, left_at=NOW - DAY)
    ask(Choices(language="en"))
    assert ada().language == "de"
    confirm(ada().pk, now=NOW + MINUTE)
    assert ada().language == "en"


@pytest.fixture
def told():
    """Collect whom the signal was sent for."""
    numbers = []

    def receive(sender, subscriber_id, **_):
        numbers.append(subscriber_id)

    confirmed.connect(receive, weak=False)
    yield numbers
    confirmed.disconnect(receive)


@pytest.mark.parametrize("state", [State.PENDING, State.UNSUBSCRIBED])
def test_who_confirms_is_due_a_welcome_once(ask, told, state, django_capture_on_commit_callbacks):
    reader = make_reader(ADA, state=state, left_at=None if state == State.PENDING else NOW - DAY)
    ask()
    with django_capture_on_commit_callbacks() as callbacks:
        confirm(reader.pk, now=NOW + MINUTE)
        confirm(reader.pk, now=NOW + 2 * MINUTE)
    assert told == []
    for callback in callbacks:
        callback()
    assert told == [reader.pk]
    assert ada().welcome_due_at == NOW + MINUTE


def test_who_takes_back_their_leaving_is_not_welcomed_again(
    told, django_capture_on_commit_callbacks
):
    reader = make_reader(ADA)
    with django_capture_on_commit_callbacks(execute=True):
        unsubscribe(reader.pk, now=NOW, origin=Origin.PAGE)
        undo(reader.pk, "daily", now=NOW + MINUTE)
    assert (ada().welcome_due_at, told) == (None, [])


def test_a_welcome_that_nobody_can_prepare_does_not_break_the_confirmation(
    ask, django_capture_on_commit_callbacks
):
    def refuse(sender, **_):
        raise OperationalError("connection refused")

    ask()
    confirmed.connect(refuse, weak=False)
    try:
        with django_capture_on_commit_callbacks(execute=True) as callbacks:
            assert confirm(ada().pk, now=NOW + MINUTE) is Confirmation.CONFIRMED
    finally:
        confirmed.disconnect(refuse)
    assert len(callbacks) == 1
    assert ada().state == State.ACTIVE


def test_a_broker_that_is_down_does_not_break_the_request(
    monkeypatch, django_capture_on_commit_callbacks
):
    def refuse(*args, **kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr(send_confirmation, "apply_async", refuse)
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        subscribe(ADA, EARLY, now=NOW)
    assert len(callbacks) == 1
    assert ada().state == State.PENDING


def test_somebody_elses_request_does_not_touch_an_active_readers_choices(ask):
    reader = make_reader(ADA, hour=9)
    assert ask(LATE) == [reader.pk]
    assert confirm(reader.pk, now=NOW + MINUTE) is Confirmation.ALREADY
    assert choices_of(ada()).hour == 9
    assert ada().consent_events.get().choices["hour"] == 9


@pytest.mark.parametrize("why", [Why.COMPLAINED, Why.MANUAL])
def test_who_complained_or_was_stopped_gets_no_mail_and_keeps_no_row_of_it(ask, why):
    make_reader(ADA, state=State.SUPPRESSED, suppression=why)
    assert ask() == []
    assert kinds(ada()) == []
    assert confirm(ada().pk, now=NOW) is Confirmation.EXPIRED


def test_who_left_comes_back_by_confirming_a_new_request_and_only_then(ask):
    reader = make_reader(ADA, hour=9, state=State.UNSUBSCRIBED, left_at=NOW - DAY)
    assert ask(LATE) == [reader.pk]
    assert ada().state == State.UNSUBSCRIBED
    assert choices_of(ada()).hour == 9
    assert confirm(reader.pk, now=NOW + MINUTE) is Confirmation.CONFIRMED
    assert choices_of(ada()) == LATE
    assert ada().left_at is None
    assert kinds(ada()) == ["subscribed", "resubscribed"]


def test_an_old_confirmation_link_does_not_bring_back_who_left_since(ask):
    ask()
    pk = ada().pk
    confirm(pk, now=NOW + MINUTE)
    unsubscribe(pk, now=NOW + 2 * MINUTE, origin=Origin.LINK)
    assert confirm(pk, now=NOW + 3 * MINUTE) is Confirmation.EXPIRED
    assert ada().state == State.UNSUBSCRIBED


def test_who_left_and_asks_again_within_the_gap_can_use_the_mail_they_have(ask):
    ask()
    pk = ada().pk
    confirm(pk, now=NOW + MINUTE)
    unsubscribe(pk, now=NOW + 2 * MINUTE, origin=Origin.LINK)
    assert ask(LATE, now=NOW + 3 * MINUTE) == []
    assert confirm(pk, now=NOW + 4 * MINUTE) is Confirmation.CONFIRMED
    assert choices_of(ada()) == LATE


def test_a_request_can_be_confirmed_for_seven_days(ask):
    ask()
    assert confirmation_of(ada(), NOW + CONFIRM_WITHIN - MINUTE) is Confirmation.OPEN
    assert confirm(ada().pk, now=NOW + CONFIRM_WITHIN) is Confirmation.EXPIRED
    assert ada().state == State.PENDING
    ask(now=NOW + CONFIRM_WITHIN + MINUTE)
    assert confirm(ada().pk, now=NOW + CONFIRM_WITHIN + 2 * MINUTE) is Confirmation.CONFIRMED


def test_confirming_for_nobody_is_an_expired_link():
    assert confirm(987_654, now=NOW) is Confirmation.EXPIRED


def test_a_change_is_recorded_and_the_same_again_is_not():
    reader = make_reader(ADA)
    assert change(reader.pk, lambda _: LATE, now=NOW)
    assert not change(reader.pk, lambda _: LATE, now=NOW + MINUTE)
    event = ada().consent_events.get()
    assert (event.kind, event.origin, event.choices) == ("changed", "page", LATE.to_json())


def test_a_pause_can_be_ended_and_nothing_else_changes():
    reader = make_reader(ADA, hour=9, paused_until=NOW.date() + DAY)
    assert resume(reader.pk, now=NOW)
    assert not resume(reader.pk, now=NOW)
    assert (ada().paused_until, ada().hour) == (None, 9)
