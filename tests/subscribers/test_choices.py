import json
from datetime import date

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from subscribers.choices import Choices, choices_of, write_choices
from tests.factories import make_reader, make_source

choices = st.builds(
    Choices,
    wants_daily=st.booleans(),
    wants_weekly=st.booleans(),
    all_sources=st.booleans(),
    source_slugs=st.lists(st.from_regex(r"[a-z]{1,9}", fullmatch=True)).map(tuple),
    hour=st.integers(0, 23),
    weekday=st.integers(0, 6),
    paused_until=st.none() | st.dates(),
)


@given(choices)
def test_choices_survive_json(chosen):
    assert Choices.from_json(json.loads(json.dumps(chosen.to_json()))) == chosen


@pytest.mark.django_db
def test_choices_that_were_written_are_read_back():
    reader = make_reader()
    for slug in ("ferry", "harbour"):
        make_source(slug=slug)
    chosen = Choices(
        wants_daily=False,
        all_sources=False,
        source_slugs=("ferry", "harbour"),
        hour=0,
        weekday=6,
        time_zone="Asia/Tokyo",
        paused_until=date(2026, 12, 24),
    )
    write_choices(reader, chosen, now=timezone.now())
    reader.refresh_from_db()
    assert choices_of(reader) == chosen


@pytest.mark.django_db
def test_a_merged_source_is_chosen_under_its_present_name():
    new = make_source(slug="new-name")
    old = make_source(slug="old-name", merged_into=new)
    reader = make_reader(sources=[old, new])
    assert choices_of(reader).source_slugs == ("new-name",)


@pytest.mark.django_db
def test_a_source_that_was_merged_twice_is_followed_to_its_present_name():
    new = make_source(slug="new-name")
    old = make_source(slug="old-name", merged_into=new)
    oldest = make_source(slug="oldest-name", merged_into=old)
    assert choices_of(make_reader(sources=[oldest])).source_slugs == ("new-name",)


@pytest.mark.django_db
def test_sources_merged_in_a_ring_are_one_source_and_end():
    first = make_source(slug="first")
    second = make_source(slug="second", merged_into=first)
    first.merged_into = second
    first.save(update_fields=["merged_into"])
    assert len(choices_of(make_reader(sources=[first])).source_slugs) == 1
