"""Saving changes what a person changed, also from a form that is old by now."""

from dataclasses import fields, replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from subscribers.choices import Choices, Muted
from subscribers.saving import SAVED, with_changes

SLUGS = ("ferry", "harbour", "lighthouse", "pier")
PAUSE = date(2026, 12, 24)


@st.composite
def choosing(draw):
    """Choices as the form lets them be: an edition at least, and a source or all."""
    editions = draw(st.sampled_from([(True, False), (False, True), (True, True)]))
    slugs = draw(st.sets(st.sampled_from(SLUGS)))
    return Choices(
        wants_daily=editions[0],
        wants_weekly=editions[1],
        all_sources=not slugs,
        source_slugs=tuple(sorted(slugs)),
        hour=draw(st.integers(0, 23)),
        weekday=draw(st.integers(0, 6)),
        time_zone=draw(st.sampled_from(["UTC", "Asia/Tokyo"])),
        language=draw(st.sampled_from(["en", "de"])),
    )


@given(choosing(), choosing())
def test_a_form_that_is_up_to_date_is_saved_as_it_is(current, wished):
    assert with_changes(current, shown=current, wished=wished) == wished


@given(choosing(), choosing())
def test_a_form_that_nobody_touched_changes_nothing(current, shown):
    assert with_changes(current, shown=shown, wished=shown) == current


@given(choosing(), choosing())
def test_a_form_that_lost_what_it_showed_is_saved_as_it_is(current, wished):
    assert with_changes(current, shown=None, wished=wished) == wished


@given(choosing(), choosing(), choosing())
def test_what_is_saved_has_an_edition_and_a_source(current, shown, wished):
    saved = with_changes(current, shown=shown, wished=wished)
    assert saved.wants_daily or saved.wants_weekly
    assert saved.all_sources is not bool(saved.source_slugs)


@given(choosing(), choosing(), choosing())
def test_every_touch_counts_and_nothing_else(current, shown, wished):
    saved = with_changes(current, shown=shown, wished=wished)
    for name in ("hour", "weekday", "time_zone", "language"):
        touched = getattr(wished, name) != getattr(shown, name)
        assert getattr(saved, name) == getattr(wished if touched else current, name)


@given(choosing(), choosing(), choosing())
def test_pauses_and_muted_sources_are_not_the_forms_to_change(current, shown, wished):
    kept = replace(current, paused_until=PAUSE, muted=(Muted("pier"),))
    saved = with_changes(kept, shown=shown, wished=wished)
    assert (saved.paused_until, saved.muted) == (kept.paused_until, kept.muted)


def test_ticks_of_two_tabs_come_together():
    shown = Choices(all_sources=False, source_slugs=("ferry", "harbour"))
    other_tab = replace(shown, source_slugs=("ferry", "harbour", "pier"))
    wished = replace(shown, source_slugs=("harbour", "lighthouse"))
    saved = with_changes(other_tab, shown=shown, wished=wished)
    assert saved.source_slugs == ("harbour", "lighthouse", "pier")


def test_two_tabs_that_drop_one_edition_each_leave_the_later_one():
    shown = Choices()
    saved = with_changes(
        replace(shown, wants_daily=False), shown=shown, wished=replace(shown, wants_weekly=False)
    )
    assert (saved.wants_daily, saved.wants_weekly) == (True, False)


def test_every_choice_is_either_saved_here_or_elsewhere():
    elsewhere = {"all_sources", "source_slugs", "paused_until", "muted"}
    assert {*SAVED, *elsewhere} == {field.name for field in fields(Choices)}
