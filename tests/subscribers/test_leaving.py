"""Leaving, taking it back, and saying why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from subscribers.choices import Choices, Muted, choices_of
from subscribers.leaving import give_reason, plain
from subscribers.models import DETAIL_MAX_LENGTH, ConsentEvent, Mute, Subscriber
from subscribers.subscribing import (
    UNDO_WITHIN,
    come_back,
    confirm,
    subscribe,
    undo,
    unsubscribe,
)
from subscribers.views.visiting import undo as undo_leaving
from subscribers.views.visiting import visit_of
from tests.factories import make_reader, make_source

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ADA = "ada@example.com"
LATE = Choices(hour=22, wants_weekly=False)
State = Subscriber.State
Origin = ConsentEvent.Origin


def ada():
    return Subscriber.objects.get(email=ADA)


def kinds(reader):
    return [event.kind for event in reader.consent_events.all()]


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


def test_who_left_comes_back_with_new_choices_by_their_page():
    reader = make_reader(ADA)
    unsubscribe(reader.pk, now=NOW, origin=Origin.PAGE)
    assert come_back(reader.pk, lambda kept: LATE, now=NOW + DAY)
    assert (ada().state, choices_of(ada())) == (State.ACTIVE, LATE)


@pytest.mark.parametrize("state", ["pending", "active", "suppressed"])
def test_only_who_left_can_come_back(state):
    suppression = "bounced" if state == "suppressed" else ""
    reader = make_reader(ADA, state=state, suppression=suppression)
    assert not come_back(reader.pk, lambda kept: LATE, now=NOW)
    assert ada().state == state


def test_who_never_confirmed_cannot_come_back_without_confirming():
    reader = make_reader(ADA, state=State.UNSUBSCRIBED, confirmed_at=None, left_at=NOW)
    assert not come_back(reader.pk, lambda kept: LATE, now=NOW)
    assert ada().state == State.UNSUBSCRIBED


def test_who_comes_back_keeps_what_was_changed_in_another_tab_meanwhile():
    reader = make_reader(ADA)
    unsubscribe(reader.pk, now=NOW, origin=Origin.PAGE)
    visit = visit_of(ada(), "undo")
    Subscriber.objects.update(hour=LATE.hour, wants_weekly=False)
    assert undo_leaving(visit) == "back"
    assert (ada().state, ada().hour, ada().wants_weekly) == (State.ACTIVE, LATE.hour, False)


def test_nobody_comes_back_to_no_edition_at_all():
    reader = make_reader(ADA, wants_daily=False, wants_weekly=False)
    unsubscribe(reader.pk, now=NOW, origin=Origin.PAGE)
    assert not come_back(reader.pk, now=NOW)
    assert ada().state == State.UNSUBSCRIBED


def test_who_comes_back_by_the_form_keeps_what_was_muted():
    reader = make_reader(ADA)
    Mute.objects.create(subscriber=reader, source=make_source(slug="acme"))
    unsubscribe(reader.pk, now=NOW, origin=Origin.PAGE)
    subscribe(ADA, LATE, now=NOW + DAY)
    assert confirm(reader.pk, now=NOW + DAY) == "confirmed"
    assert choices_of(ada()) == replace(LATE, muted=(Muted("acme"),))


@pytest.fixture
def gone():
    """A reader who has just left."""
    reader = make_reader(ADA)
    unsubscribe(reader.pk, now=NOW, origin=Origin.PAGE)
    return reader


def reason_of(reader):
    return reader.consent_events.filter(kind="unsubscribed").last().detail


def test_why_somebody_left_is_kept_beside_their_leaving(gone):
    assert give_reason(gone.pk, " Too much\nof it ", now=NOW + MINUTE)
    assert reason_of(gone) == "Too much of it"
    assert give_reason(gone.pk, "Not my subjects", now=NOW + 2 * MINUTE)
    assert reason_of(gone) == "Not my subjects"
    assert kinds(gone) == ["unsubscribed"]


def test_a_reason_goes_to_the_newest_leaving(gone):
    undo(gone.pk, "daily", now=NOW + MINUTE)
    unsubscribe(gone.pk, now=NOW + 2 * MINUTE, origin=Origin.PAGE)
    give_reason(gone.pk, "Again", now=NOW + 3 * MINUTE)
    assert [event.detail for event in gone.consent_events.all()] == ["", "", "Again"]


@pytest.mark.parametrize("nothing", ["", "  \n\t", "\x00\x1b\u202e"])
def test_no_words_are_no_reason_and_take_none_away(gone, nothing):
    give_reason(gone.pk, "Too much", now=NOW + MINUTE)
    assert not give_reason(gone.pk, nothing, now=NOW + MINUTE)
    assert reason_of(gone) == "Too much"


def test_a_reason_is_taken_as_long_as_leaving_may_be_taken_back(gone):
    assert give_reason(gone.pk, "In time", now=NOW + UNDO_WITHIN - MINUTE)
    assert not give_reason(gone.pk, "Too late", now=NOW + UNDO_WITHIN)
    assert reason_of(gone) == "In time"


def test_who_did_not_leave_and_who_is_not_there_gives_no_reason():
    reader = make_reader(ADA)
    assert not give_reason(reader.pk, "Because", now=NOW)
    assert not give_reason(987_654, "Because", now=NOW)


@hypothesis_settings(deadline=None)
@given(st.text(max_size=2 * DETAIL_MAX_LENGTH))
def test_a_reason_is_one_short_line_that_every_database_can_hold(text):
    kept = plain(text)
    assert len(kept) <= DETAIL_MAX_LENGTH
    assert kept == " ".join(kept.split())
    assert kept.encode().decode() == kept
    assert "\x00" not in kept
    assert plain(kept) == kept
