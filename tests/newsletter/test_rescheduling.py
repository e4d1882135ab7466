"""Readers who change their hour, and what waits for them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from newsletter import sending, steering
from newsletter.models import Delivery, Issue
from newsletter.planning import plan
from newsletter.rescheduling import reschedule
from newsletter.states import DeliveryState, IssueState
from newsletter.ticking import tick
from subscribers import subscribing
from subscribers.models import ConsentEvent, Subscriber
from subscribers.signals import times_changed
from tests.factories import make_approved_issue, make_reader
from tests.subscribers.rooms import choices_path, press

pytestmark = pytest.mark.django_db

FRIDAY = date(2026, 11, 20)
HOUR = timedelta(hours=1)
# Planned at one, due at seven.
AT_ONE = datetime(2026, 11, 20, 1, tzinfo=UTC)
AT_SIX, AT_SEVEN, AT_EIGHT = (AT_ONE + hours * HOUR for hours in (5, 6, 7))
SATURDAY, SUNDAY, MONDAY = 5, 6, 0


def planned(kind="daily", **fields) -> Issue:
    issue = make_approved_issue(kind=kind, end=FRIDAY, **fields)
    plan(issue, now=AT_ONE)
    return issue


def change(reader, *, now=AT_SIX, **fields) -> bool:
    return subscribing.change(reader.pk, lambda choices: replace(choices, **fields), now=now)


def due(reader) -> datetime:
    found: datetime = Delivery.objects.get(subscriber=reader).due_at
    return found


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"hour": 18}, AT_ONE + 17 * HOUR),
        ({"time_zone": "America/New_York"}, AT_ONE + 11 * HOUR),
        ({"hour": 9, "time_zone": "Asia/Kolkata"}, AT_SIX),
        ({"hour": 12, "time_zone": "Asia/Kolkata"}, AT_ONE + 5.5 * HOUR),
        ({"hour": 2}, AT_SIX),
        ({"weekday": MONDAY}, AT_SEVEN),
        ({"wants_weekly": False}, AT_SEVEN),
    ],
    ids=["later", "zone", "past-zone", "earlier", "past", "weekday-of-a-daily", "nothing-of-it"],
)
def test_what_waits_comes_at_the_new_hour_or_at_once_where_that_is_over(fields, expected):
    reader = make_reader()
    planned()
    assert change(reader, **fields)
    assert due(reader) == expected


@pytest.mark.parametrize(("fields", "kept"), [({"hour": 18}, 17), ({"hour": 2}, 5)])
def test_the_deadline_moves_with_the_time_also_where_that_is_over(fields, kept):
    reader = make_reader()
    planned()
    change(reader, **fields)
    assert Delivery.objects.get().deadline == AT_ONE + (kept + 24) * HOUR


def test_a_weekly_whose_new_day_is_long_over_is_sent_and_not_missed():
    reader = make_reader(weekday=(FRIDAY.weekday() - 1) % 7)
    planned("weekly")
    wednesday = AT_ONE + timedelta(days=5)
    change(reader, weekday=FRIDAY.weekday(), now=wednesday)
    row = Delivery.objects.get()
    assert (row.due_at, row.deadline) == (wednesday, wednesday + 48 * HOUR)


def test_a_weekly_comes_on_the_new_day():
    reader = make_reader(weekday=SATURDAY)
    planned("weekly")
    assert due(reader) == AT_SEVEN + timedelta(days=1)
    for weekday, days in ((MONDAY, 3), (SUNDAY, 2), (SATURDAY, 1)):
        change(reader, weekday=weekday)
        assert due(reader) == AT_SEVEN + timedelta(days=days)


def test_both_editions_that_wait_are_moved_and_other_readers_stay():
    reader, other = make_reader(), make_reader()
    planned()
    planned("weekly")
    before = set(other.deliveries.values_list("due_at", flat=True))
    change(reader, hour=8)
    assert set(reader.deliveries.values_list("due_at", flat=True)) == {
        AT_EIGHT,
        AT_EIGHT + timedelta(days=1),
    }
    assert set(other.deliveries.values_list("due_at", flat=True)) == before


def test_an_issue_that_is_paused_comes_at_the_new_hour_when_it_goes_on():
    reader = make_reader()
    steering.pause(planned())
    change(reader, hour=8)
    assert due(reader) == AT_EIGHT


def test_what_an_editor_sent_at_once_stays_due():
    reader = make_reader()
    issue = planned()
    steering.send_now(issue, now=AT_SIX - HOUR)
    change(reader, hour=18)
    assert due(reader) == AT_SIX - HOUR


def test_who_has_an_issue_gets_no_second_copy_by_moving_to_where_its_hour_is_still_to_come():
    reader = make_reader(time_zone="Asia/Tokyo", hour=7)
    issue = planned()
    sending.drain(issue.pk, clock=lambda: AT_ONE)
    assert len(mail.outbox) == 1
    change(reader, time_zone="America/Los_Angeles", hour=9, language="de")
    for hours in range(48):
        now = AT_SIX + hours * HOUR
        for issue_id in tick(now):
            sending.drain(issue_id, clock=lambda now=now: now)
    assert len(mail.outbox) == 1
    assert list(Delivery.objects.values_list("state")) == [(DeliveryState.SENT,)]


def test_what_is_due_already_goes_out():
    reader = make_reader()
    planned()
    change(reader, hour=18, now=AT_SEVEN)
    assert due(reader) == AT_SEVEN


@pytest.mark.parametrize(
    "fields",
    [
        {"attempts": 1, "intent_at": AT_ONE},
        {"attempts": 0, "intent_at": AT_ONE},
        {"state": DeliveryState.SENT, "intent_at": AT_ONE, "sent_at": AT_ONE, "attempts": 1},
        {"state": DeliveryState.CANCELLED},
        {"occasion": Delivery.Occasion.WELCOME},
    ],
    ids=["tried", "tried-without-reaching-the-server", "sent", "cancelled", "welcome"],
)
def test_rows_that_wait_for_no_hour_keep_their_time(fields):
    reader = make_reader()
    planned()
    Delivery.objects.update(**fields)
    change(reader, hour=18)
    assert due(reader) == AT_SEVEN


def test_a_cancelled_issue_stays_as_it_was():
    reader = make_reader()
    issue = planned()
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.CANCELLED)
    change(reader, hour=18)
    assert due(reader) == AT_SEVEN


def test_how_often_its_workers_died_is_no_reason_to_keep_a_rows_time():
    reader = make_reader()
    planned().deliveries.update(deaths=2)
    change(reader, hour=18)
    assert due(reader) == AT_ONE + 17 * HOUR


def test_who_comes_back_by_another_request_gets_todays_issue_at_the_new_hour():
    reader = make_reader()
    planned()
    subscribing.unsubscribe(reader.pk, now=AT_SIX, origin="page")
    asked = {**subscribing.choices_of(reader).to_json(), "hour": 8}
    ConsentEvent.objects.create(
        subscriber=reader, kind="subscribed", origin="form", at=AT_SIX + HOUR / 6, choices=asked
    )
    assert subscribing.confirm(reader.pk, now=AT_SIX + HOUR / 2) == "confirmed"
    assert due(reader) == AT_EIGHT


def test_who_comes_back_by_the_choices_page_gets_todays_issue_at_the_new_hour():
    reader = make_reader()
    planned()
    subscribing.unsubscribe(reader.pk, now=AT_SIX, origin="page")
    assert subscribing.come_back(reader.pk, lambda kept: replace(kept, hour=8), now=AT_SIX)
    assert due(reader) == AT_EIGHT


def test_a_change_that_cannot_move_what_waits_is_not_made(monkeypatch):
    reader = make_reader()
    planned()

    def broken(*args, **kwargs):
        raise RuntimeError("the server went away here")

    monkeypatch.setattr("newsletter.rescheduling.move", broken)
    with pytest.raises(RuntimeError), transaction.atomic():
        change(reader, hour=18)
    reader.refresh_from_db()
    assert (reader.hour, due(reader)) == (7, AT_SEVEN)
    assert not reader.consent_events.exists()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"hour": 8}, 1),
        ({"weekday": MONDAY}, 1),
        ({"time_zone": "Asia/Tokyo"}, 1),
        ({"hour": 7, "language": "de"}, 0),
        ({"paused_until": FRIDAY}, 0),
    ],
)
def test_only_other_times_are_told(fields, told):
    reader, heard = make_reader(), []

    def hear(sender, *, subscriber_id, now, **kwargs):
        heard.append((subscriber_id, now))

    times_changed.connect(hear)
    try:
        change(reader, **fields)
    finally:
        times_changed.disconnect(hear)
    assert heard == [(reader.pk, AT_SIX)] * told


def test_a_reader_who_was_deleted_has_nothing_to_move():
    reader = make_reader()
    planned()
    number = reader.pk
    reader.delete()
    assert reschedule(number, now=AT_SIX) == 0


def test_rescheduling_counts_what_moved():
    reader = make_reader()
    planned()
    planned("weekly")
    Subscriber.objects.update(weekday=MONDAY)
    assert reschedule(reader.pk, now=AT_SIX) == 1
    assert reschedule(reader.pk, now=AT_SIX) == 0


def test_a_new_hour_on_the_choices_page_is_that_of_the_mail(time_machine):
    early, late = make_reader(), make_reader()
    issue = planned()
    fields = {"action": "save", "wants_daily": "on", "wants_weekly": "on", "time_zone": "UTC"}
    time_machine.move_to(AT_SIX - HOUR, tick=False)
    assert press(choices_path(early), **fields, hour="6").status_code == 302
    assert press(choices_path(late), **fields, hour="8").status_code == 302

    def mailed_at(now):
        tick(now)
        sending.drain(issue.pk, clock=lambda: now)
        return [message.to for message in mail.outbox]

    assert mailed_at(AT_SIX) == [[early.email]]
    assert mailed_at(AT_SEVEN) == [[early.email]]
    assert mailed_at(AT_EIGHT) == [[early.email], [late.email]]


times = st.fixed_dictionaries(
    {
        "hour": st.integers(2, 23),
        "weekday": st.integers(0, 6),
        "time_zone": st.sampled_from(["UTC", "America/New_York", "Pacific/Kiritimati"]),
    }
)


class Changing(TestCase):
    # An issue is rendered for each.
    @settings(deadline=None, max_examples=25)
    @given(times, times, st.sampled_from(["daily", "weekly"]))
    def test_to_change_is_as_good_as_having_chosen_so_before_planning(self, old, new, kind):
        changing = make_reader(**{**old, "time_zone": "UTC"})
        always = make_reader(**new)
        planned(kind)
        change(changing, now=AT_ONE, **new)
        assert due(changing) == due(always)
