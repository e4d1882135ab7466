from datetime import date, timedelta

import pytest

from subscribers.models import Mute
from subscribers.muted import MAX_SOURCES, ids_in, muted_by, sources_named
from tests.factories import make_reader, make_source

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)


def mute(reader, source, until=None):
    Mute.objects.create(subscriber=reader, source=source, until=until)


def listed(reader):
    return [(one.source.name, one.until) for one in muted_by(reader, TODAY)]


def test_muted_sources_stand_in_the_catalogues_order_and_end_after_their_day():
    reader = make_reader()
    mute(reader, make_source("Pier", position=3))
    mute(reader, make_source("Harbour", position=2), TODAY)
    mute(reader, make_source("Ferry", position=1), TODAY - DAY)
    assert listed(reader) == [("Harbour", TODAY), ("Pier", None)]


@pytest.mark.parametrize(
    ("one", "other", "longest"),
    [(TODAY, TODAY + DAY, TODAY + DAY), (TODAY, None, None), (TODAY - DAY, TODAY, TODAY)],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_of_a_source_muted_under_two_names_the_longer_holds(one, other, longest, swapped):
    reader = make_reader()
    present = make_source("Ferry")
    former = make_source(merged_into=present)
    mute(reader, former, other if swapped else one)
    mute(reader, present, one if swapped else other)
    assert listed(reader) == [("Ferry", longest)]


def test_ids_name_sources_once_in_their_order():
    present = make_source("Ferry")
    former = make_source(merged_into=present)
    pier = make_source("Pier")
    found = sources_named([pier.pk, former.pk, 99_999, present.pk])
    assert [source.name for source in found] == ["Pier", "Ferry"]


def test_an_address_holds_so_many_ids_and_no_more():
    many = "-".join(str(number) for number in range(1, 5000))
    assert ids_in(many) == list(range(1, MAX_SOURCES + 1))


@pytest.mark.parametrize("text", ["", "x", "١", "-", "1" * 19, "1.5", "+1", " 1"])
def test_what_is_no_id_is_passed_over(text):
    assert ids_in(text) == []
