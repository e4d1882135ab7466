import json
from datetime import date

import pytest
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
    write_choices(reader, chosen)
    reader.refresh_from_db()
    assert choices_of(reader) == chosen


@pytest.mark.django_db
def test_a_merged_source_is_chosen_under_its_present_name():
    new = make_source(slug="new-name")
    old = make_source(slug="old-name", merged_into=new)
    reader = make_reader(sources=[old, new])
    assert choices_of(reader).source_slugs == ("new-name",)
