"""Who may be mailed, and what a choice takes."""

from datetime import UTC, date, datetime

import pytest

from subscribers.audience import Choice, choice_of, obstacle
from subscribers.models import Source, Subscriber
from tests.factories import make_reader, make_source

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 23, tzinfo=UTC)


def test_a_reader_of_everything_takes_every_story():
    assert Choice.everything().takes(frozenset({99}))


def test_a_story_without_a_source_is_shown_to_everybody():
    assert Choice(all_sources=False).takes(frozenset())


def test_a_choice_takes_stories_of_any_chosen_source():
    choice = Choice(all_sources=False, source_ids=frozenset({1, 2}))
    assert choice.takes(frozenset({2, 7}))
    assert not choice.takes(frozenset({7}))


def test_a_choice_follows_a_merge_in_both_directions():
    present = make_source()
    former = make_source(merged_into=present)
    oldest = make_source(merged_into=former)
    groups = Source.objects.merge_groups()
    for chosen in (present, former, oldest):
        choice = choice_of(make_reader(sources=[chosen]), groups, NOW)
        assert choice.source_ids == {present.pk, former.pk, oldest.pk}


def test_sources_that_merge_in_a_circle_do_not_hang():
    first = make_source()
    second = make_source(merged_into=first)
    Source.objects.filter(pk=first.pk).update(merged_into=second)
    assert set(Source.objects.merge_groups()) == {first.pk, second.pk}


def test_retired_and_merged_sources_are_not_offered():
    offered = make_source()
    make_source(merged_into=offered)
    make_source(retired_at=NOW)
    assert list(Source.objects.offered()) == [offered]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, ""),
        ({"wants_daily": False}, "unsubscribed"),
        ({"state": "unsubscribed"}, "unsubscribed"),
        ({"state": "pending", "confirmed_at": None}, "unsubscribed"),
        ({"state": "suppressed", "suppression": "complained"}, "suppressed"),
        ({"paused_until": date(2026, 11, 20)}, "paused"),
        ({"paused_until": date(2026, 11, 19)}, ""),
    ],
)
def test_the_reason_why_somebody_gets_nothing(fields, reason):
    assert obstacle(make_reader(**fields), "daily", NOW) == reason


def test_a_pause_ends_with_the_readers_own_day():
    # 23:00 UTC on the 20th is already the 21st in Tokyo.
    reader = make_reader(paused_until=date(2026, 11, 20), time_zone="Asia/Tokyo")
    assert obstacle(reader, "daily", NOW) == ""


def test_nobody_is_an_obstacle_of_its_own():
    assert obstacle(None, "daily", NOW) == "unsubscribed"


def test_only_active_readers_are_mailable():
    active = make_reader()
    make_reader(state=Subscriber.State.UNSUBSCRIBED)
    assert list(Subscriber.objects.mailable()) == [active]
