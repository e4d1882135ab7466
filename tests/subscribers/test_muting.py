"""Muting sources: for some weeks or for good, under whichever name, and hearing them again."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from subscribers.audience import choice_of
from subscribers.choices import Choices, Muted, choices_of
from subscribers.models import Source
from subscribers.muting import MUTE_DAYS, mute, unmute, with_muted
from subscribers.subscribing import change
from tests.factories import make_reader, make_source

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
UNTIL = NOW.date() + timedelta(days=MUTE_DAYS)
LATER = UNTIL + timedelta(days=1)


def takes(reader, source, now=NOW):
    return choice_of(reader, Source.objects.merge_groups(), now).takes(frozenset({source.pk}))


def events(reader):
    return [(event.kind, event.origin) for event in reader.consent_events.all()]


def test_a_muted_source_is_left_out_through_its_last_day_and_the_others_stay():
    ferry, harbour = make_source(), make_source()
    reader = make_reader()
    assert mute(reader.pk, [ferry.pk], until=UNTIL, now=NOW)
    assert not takes(reader, ferry, NOW + timedelta(days=MUTE_DAYS))
    assert takes(reader, ferry, NOW + timedelta(days=MUTE_DAYS + 1))
    assert takes(reader, harbour)


def test_muting_is_a_consent_event_that_says_what_is_muted():
    ferry = make_source(slug="ferry")
    reader = make_reader()
    mute(reader.pk, [ferry.pk], until=UNTIL, now=NOW)
    event = reader.consent_events.get()
    assert (event.kind, event.origin, event.at) == ("changed", "link", NOW)
    assert Choices.from_json(event.choices).muted == (Muted("ferry", UNTIL),)


def test_muting_again_changes_nothing_and_the_latest_wish_counts():
    ferry = make_source(slug="ferry")
    reader = make_reader()
    wishes = [UNTIL, UNTIL, None, None, LATER]
    assert [mute(reader.pk, [ferry.pk], until=until, now=NOW) for until in wishes] == [
        True,
        False,
        True,
        False,
        True,
    ]
    assert choices_of(reader).muted == (Muted("ferry", LATER),)
    assert len(events(reader)) == 3


def test_a_muted_source_can_be_heard_again():
    ferry, harbour = make_source(), make_source()
    reader = make_reader()
    mute(reader.pk, [ferry.pk, harbour.pk], until=None, now=NOW)
    assert unmute(reader.pk, [ferry.pk], now=NOW)
    assert not unmute(reader.pk, [ferry.pk], now=NOW)
    assert takes(reader, ferry)
    assert not takes(reader, harbour)
    assert events(reader) == [("changed", "link"), ("changed", "page")]


def test_a_source_is_muted_and_heard_under_any_of_its_names():
    present = make_source(slug="present")
    former = make_source(slug="former", merged_into=present)
    reader = make_reader()
    assert mute(reader.pk, [former.pk], until=None, now=NOW)
    assert choices_of(reader).muted == (Muted("present"),)
    assert not mute(reader.pk, [present.pk], until=None, now=NOW)
    assert not takes(reader, former)
    assert unmute(reader.pk, [former.pk], now=NOW)
    assert takes(reader, present)


def test_a_source_that_was_muted_before_it_was_merged_is_heard_under_its_present_name():
    former = make_source(slug="former")
    reader = make_reader()
    mute(reader.pk, [former.pk], until=None, now=NOW)
    present = make_source(slug="present")
    Source.objects.filter(pk=former.pk).update(merged_into=present)
    assert mute(reader.pk, [present.pk], until=UNTIL, now=NOW)
    assert choices_of(reader).muted == (Muted("present", UNTIL),)
    assert unmute(reader.pk, [present.pk], now=NOW)
    assert choices_of(reader).muted == ()


def test_muting_leaves_other_choices_alone():
    chosen, muted = make_source(slug="chosen"), make_source(slug="muted")
    reader = make_reader(sources=[chosen, muted], hour=5, paused_until=date(2026, 12, 1))
    before = choices_of(reader)
    mute(reader.pk, [muted.pk], until=None, now=NOW)
    reader.refresh_from_db()
    assert choices_of(reader) == with_muted(before, frozenset(), (Muted("muted"),))
    assert takes(reader, chosen)
    assert not takes(reader, muted)


def test_choices_kept_with_what_was_muted_come_back_the_same():
    ferry = make_source(slug="ferry")
    reader = make_reader()
    mute(reader.pk, [ferry.pk], until=UNTIL, now=NOW)
    assert not change(reader.pk, lambda _: choices_of(reader), now=NOW)


@pytest.mark.parametrize("ids", [[], [987_654], [-1, 0]])
def test_ids_of_no_source_change_nothing(ids):
    reader = make_reader()
    assert not mute(reader.pk, ids, until=None, now=NOW)
    assert not unmute(reader.pk, ids, now=NOW)
    assert events(reader) == []


def test_nobody_can_mute_for_who_is_not_there():
    ferry = make_source()
    assert not mute(987_654, [ferry.pk], until=None, now=NOW)
    assert not unmute(987_654, [ferry.pk], now=NOW)


slugs = st.from_regex(r"[a-z][a-z-]{0,5}", fullmatch=True)
mutes = st.dictionaries(slugs, st.none() | st.dates()).map(
    lambda found: tuple(Muted(slug, until) for slug, until in sorted(found.items()))
)


@hypothesis_settings(deadline=None)
@given(mutes, mutes)
def test_what_is_muted_stands_once_in_a_fixed_order(before, added):
    names = frozenset(one.source_slug for one in added)
    after = with_muted(Choices(muted=before), names, added).muted
    assert [one.source_slug for one in after] == sorted({one.source_slug for one in after})
    assert set(added) <= set(after)
    assert with_muted(Choices(muted=after), names, ()).muted == tuple(
        one for one in before if one.source_slug not in names
    )
