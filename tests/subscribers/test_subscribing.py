from datetime import UTC, datetime, timedelta

import pytest
from kombu.exceptions import OperationalError

from subscribers.choices import Choices, choices_of
from subscribers.models import CONFIRM_WITHIN, ConsentEvent, Subscriber
from subscribers.restraint import MAIL_GAP, MAX_MAILS_A_DAY
from subscribers.subscribing import (
    UNDO_WITHIN,
    Confirmation,
    change_choices,
    come_back,
    confirm,
    confirmation_of,
    resume,
    subscribe,
    undo,
    unsubscribe,
)
from subscribers.tasks import send_confirmation
from tests.factories import make_reader, make_source

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ADA = "ada@example.com"
EARLY = Choices(hour=5)
LATE = Choices(hour=22, wants_weekly=False)
State = Subscriber.State
Origin = ConsentEvent.Origin


@pytest.fixture
def ask(monkeypatch, django_capture_on_commit_callbacks):
    """Subscribe, and tell which readers a mail was queued for."""

    def asking(choices=EARLY, *, now=NOW, email=ADA):
        queued = []
        monkeypatch.setattr(send_confirmation, "apply_async", lambda args, **_: queued.extend(args))
        with django_capture_on_commit_callbacks(execute=True):
            subscribe(email, choices, now=now)
        return queued

    return asking


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


def test_one_address_gets_one_mail_in_the_gap_and_another_after_it(ask):
    counts = [len(ask(now=NOW + step * MAIL_GAP / 4)) for step in range(9)]
    assert counts == [1, 0, 0, 0, 1, 0, 0, 0, 1]


def test_one_address_gets_three_mails_a_day_however_often_it_is_typed(ask):
    minutes = range(0, 2 * 24 * 60, 20)
    mailed = [at for at in minutes if ask(now=NOW + at * MINUTE)]
    assert MAX_MAILS_A_DAY == 3
    assert mailed == [0, 20, 40, 24 * 60, 24 * 60 + 20, 24 * 60 + 40]


def test_who_asked_too_often_can_use_the_mail_they_have(ask):
    for hours in range(5):
        ask(EARLY, now=NOW + hours * 60 * MINUTE)
    assert ask(LATE, now=NOW + 6 * 60 * MINUTE) == []
    assert confirm(ada().pk, now=NOW + 7 * 60 * MINUTE) is Confirmation.CONFIRMED
    assert choices_of(ada()) == LATE


def test_a_sample_reader_who_asks_gets_a_mail_at_once(ask):
    reader = make_reader(ADA)
    reader.consent_events.create(kind="subscribed", origin=Origin.SAMPLE, at=NOW)
    assert ask(now=NOW + MINUTE) == [reader.pk]


def test_repeated_requests_in_the_gap_leave_no_rows(ask):
    for _ in range(20):
        ask()
    assert ada().consent_events.count() == 1


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


def test_a_suppressed_address_gets_no_mail_and_keeps_no_row_of_it(ask):
    make_reader(ADA, state=State.SUPPRESSED, suppression="complained")
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


def test_leaving_one_edition_keeps_the_other():
    reader = make_reader(ADA)
    assert unsubscribe(reader.pk, edition="daily", now=NOW, origin=Origin.ONE_CLICK)
    assert (ada().wants_daily, ada().wants_weekly, ada().state) == (False, True, State.ACTIVE)
    event = ada().consent_events.get()
    assert (event.kind, event.origin) == ("unsubscribed", "one_click")
    assert (event.choices["wants_daily"], event.choices["wants_weekly"]) == (False, True)


def test_leaving_the_last_edition_is_leaving():
    reader = make_reader(ADA, wants_daily=False)
    unsubscribe(reader.pk, edition="weekly", now=NOW, origin=Origin.LINK)
    assert (ada().state, ada().left_at) == (State.UNSUBSCRIBED, NOW)
    assert not Subscriber.objects.mailable().exists()


def test_leaving_twice_changes_and_records_nothing_more():
    reader = make_reader(ADA, wants_weekly=False)
    for minutes in range(3):
        unsubscribe(reader.pk, edition="daily", now=NOW + minutes * MINUTE, origin=Origin.LINK)
    assert kinds(ada()) == ["unsubscribed"]
    assert ada().left_at == NOW


def test_leaving_everything_keeps_the_choices_for_a_return():
    source = make_source(slug="ferry")
    reader = make_reader(ADA, sources=[source], hour=9)
    before = choices_of(reader)
    unsubscribe(reader.pk, now=NOW, origin=Origin.PAGE)
    assert ada().state == State.UNSUBSCRIBED
    assert choices_of(ada()) == before


def test_a_suppressed_reader_who_leaves_stays_suppressed():
    reader = make_reader(ADA, state=State.SUPPRESSED, suppression="bounced")
    unsubscribe(reader.pk, edition="daily", now=NOW, origin=Origin.ONE_CLICK)
    assert (ada().state, ada().wants_daily) == (State.SUPPRESSED, False)


def test_unsubscribing_nobody_is_no_error():
    assert unsubscribe(987_654, edition="daily", now=NOW, origin=Origin.ONE_CLICK) is False


def test_leaving_can_be_undone_for_a_day():
    reader = make_reader(ADA, wants_weekly=False)
    unsubscribe(reader.pk, edition="daily", now=NOW, origin=Origin.LINK)
    assert undo(reader.pk, "daily", now=NOW + UNDO_WITHIN - MINUTE)
    assert (ada().state, ada().wants_daily, ada().left_at) == (State.ACTIVE, True, None)
    assert kinds(ada()) == ["unsubscribed", "resubscribed"]


def test_taking_it_back_twice_records_nothing_more():
    reader = make_reader(ADA)
    unsubscribe(reader.pk, edition="daily", now=NOW, origin=Origin.LINK)
    assert [undo(reader.pk, "daily", now=NOW + MINUTE) for _ in range(3)] == [True, False, False]
    assert kinds(ada()) == ["unsubscribed", "resubscribed"]


def test_who_left_everything_at_once_can_take_back_an_edition_they_still_want():
    reader = make_reader(ADA)
    unsubscribe(reader.pk, now=NOW, origin=Origin.PAGE)
    assert undo(reader.pk, "daily", now=NOW + MINUTE)
    assert ada().state == State.ACTIVE


def test_a_link_does_not_bring_back_who_left_long_ago():
    reader = make_reader(ADA)
    unsubscribe(reader.pk, edition="daily", now=NOW, origin=Origin.LINK)
    assert not undo(reader.pk, "daily", now=NOW + UNDO_WITHIN)
    assert not ada().wants_daily


def test_a_link_does_not_give_an_edition_to_who_did_not_just_leave():
    reader = make_reader(ADA, wants_weekly=False)
    assert not undo(reader.pk, "weekly", now=NOW)
    assert not ada().wants_weekly


def test_instead_of_the_daily_the_weekly_can_be_had():
    reader = make_reader(ADA, wants_weekly=False)
    unsubscribe(reader.pk, edition="daily", now=NOW, origin=Origin.LINK)
    undo(reader.pk, "weekly", now=NOW + MINUTE)
    assert (ada().state, ada().wants_daily, ada().wants_weekly) == (State.ACTIVE, False, True)


def test_a_change_is_recorded_and_the_same_again_is_not():
    reader = make_reader(ADA)
    assert change_choices(reader.pk, LATE, now=NOW)
    assert not change_choices(reader.pk, LATE, now=NOW + MINUTE)
    event = ada().consent_events.get()
    assert (event.kind, event.origin, event.choices) == ("changed", "page", LATE.to_json())


def test_a_pause_can_be_ended_and_nothing_else_changes():
    reader = make_reader(ADA, hour=9, paused_until=NOW.date() + DAY)
    assert resume(reader.pk, now=NOW)
    assert not resume(reader.pk, now=NOW)
    assert (ada().paused_until, ada().hour) == (None, 9)


def test_who_left_comes_back_with_new_choices_by_their_page():
    reader = make_reader(ADA)
    unsubscribe(reader.pk, now=NOW, origin=Origin.PAGE)
    assert come_back(reader.pk, LATE, now=NOW + DAY)
    assert (ada().state, choices_of(ada())) == (State.ACTIVE, LATE)


@pytest.mark.parametrize("state", ["pending", "active", "suppressed"])
def test_only_who_left_can_come_back(state):
    suppression = "bounced" if state == "suppressed" else ""
    reader = make_reader(ADA, state=state, suppression=suppression)
    assert not come_back(reader.pk, LATE, now=NOW)
    assert ada().state == state


def test_who_never_confirmed_cannot_come_back_without_confirming():
    reader = make_reader(ADA, state=State.UNSUBSCRIBED, confirmed_at=None, left_at=NOW)
    assert not come_back(reader.pk, LATE, now=NOW)
    assert ada().state == State.UNSUBSCRIBED
