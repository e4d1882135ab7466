"""What a choice means, by the public issues of the last weeks."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter import foreseeing
from newsletter.content import IssueContent
from newsletter.foreseeing import (
    LOOKED_BACK,
    choice_in,
    filtered,
    foresee,
    rounded,
)
from newsletter.models import Issue, WebCopy
from newsletter.publishing import publish
from newsletter.states import IssueState
from subscribers.audience import choice_of
from subscribers.choices import Choices, Muted, choices_of
from subscribers.models import Mute, Source
from tests.factories import make_reader, make_source, make_story
from tests.newsletter.public_issues import make_public

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)


def only(*sources, **fields):
    return Choices(
        all_sources=False, source_slugs=tuple(source.slug for source in sources), **fields
    )


def ago(days):
    return TODAY - days * DAY


@pytest.mark.django_db
def test_before_the_first_issue_nobody_can_say():
    outlook = foresee(only(make_source()), now=NOW)
    assert outlook.a_week is None
    assert outlook.last is None
    assert outlook.is_complete


@pytest.mark.django_db
def test_the_average_is_over_the_last_four_weeks():
    ferry, tram = make_source(), make_source()
    make_public(ferry, end=ago(40))
    for days in (0, 5, 14, 27):
        make_public(ferry, ferry, tram, end=ago(days))
    assert foresee(only(ferry), now=NOW).a_week == 2
    assert foresee(only(tram), now=NOW).a_week == 1
    assert foresee(only(ferry, tram), now=NOW).a_week == 3
    assert foresee(Choices(), now=NOW).a_week == 3


@pytest.mark.django_db
def test_an_issue_counts_until_it_is_four_weeks_old():
    ferry = make_source()
    make_public(ferry, end=ago(60))
    make_public(ferry, ferry, ferry, ferry, end=ago(LOOKED_BACK.days - 1))
    assert foresee(only(ferry), now=NOW).a_week == 1
    assert foresee(only(ferry), now=NOW + DAY).a_week == 0


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "weeks"), [(0, 1), (6, 1), (13, 2), (20, 3), (27, 4), (41, 4)])
def test_a_young_publication_is_measured_by_its_age(days, weeks):
    ferry = make_source()
    make_public(make_source(), end=ago(days))
    if days:
        make_public(*[ferry] * 12, end=TODAY)
    else:
        make_story(Issue.objects.get(), ferry)
        publish(Issue.objects.get().pk, now=NOW + DAY)
    stories = 12 if days else 1
    assert foresee(only(ferry), now=NOW).a_week == stories / weeks


@pytest.mark.django_db
def test_who_wants_only_the_weekly_is_told_by_weeklies():
    ferry = make_source()
    make_public(*[ferry] * 9, end=TODAY, headlines=["Of the daily"])
    for days in (1, 8, 15, 22):
        make_public(
            ferry,
            ferry,
            kind="weekly",
            period_start=ago(days + 6),
            end=ago(days),
            headlines=["Of the weekly"],
        )
    assert foresee(only(ferry, wants_daily=False), now=NOW).a_week == 2
    last = foresee(only(ferry, wants_daily=False), now=NOW).last
    assert (last.kind, last.headlines[0]) == ("weekly", "Of the weekly")
    assert foresee(only(ferry), now=NOW).last.headlines[0] == "Of the daily"


@pytest.mark.django_db
def test_the_last_issue_is_shown_through_the_choice():
    ferry, tram = make_source(), make_source()
    make_public(ferry, end=ago(1))
    make_public(
        tram, ferry, None, tram, end=TODAY, headlines=["Rails", "Quays", "For all", "Wires"]
    )
    last = foresee(only(ferry), now=NOW).last
    assert last.headlines == ("Quays", "For all")
    assert (last.total, last.hidden, last.day) == (4, 2, TODAY)
    assert WebCopy.objects.get(pk=last.copy_id).issue.period_end == TODAY


@pytest.mark.django_db
def test_a_daily_without_a_story_does_not_come_and_a_weekly_does():
    ferry, tram = make_source(), make_source()
    make_public(tram)
    make_public(tram, kind="weekly")
    assert not foresee(only(ferry), now=NOW).last.comes
    assert foresee(only(tram), now=NOW).last.comes
    assert foresee(only(ferry, wants_daily=False), now=NOW).last.comes


@pytest.mark.django_db
def test_what_is_muted_today_is_left_out():
    ferry, tram = make_source(), make_source()
    make_public(ferry, tram, headlines=["Quays", "Rails"])
    for until in (None, TODAY):
        muted = (Muted(tram.slug, until),)
        assert foresee(Choices(muted=muted), now=NOW).last.headlines == ("Quays",)
        chosen = foresee(only(ferry, tram, muted=muted), now=NOW)
        assert (chosen.last.headlines, chosen.sources) == (("Quays",), 1)
    over = (Muted(tram.slug, TODAY - DAY),)
    assert foresee(Choices(muted=over), now=NOW).last.headlines == ("Quays", "Rails")


@pytest.mark.django_db
def test_a_story_under_a_former_name_of_a_source_counts():
    old, new = make_source(), make_source()
    make_public(old)
    Source.objects.filter(pk=old.pk).update(merged_into=new)
    assert foresee(only(new), now=NOW).last.headlines


@pytest.mark.django_db
def test_choices_without_an_edition_or_a_source_are_not_complete():
    ferry = make_source()
    make_public(ferry)
    assert not foresee(only(), now=NOW).is_complete
    assert not foresee(only(ferry, muted=(Muted(ferry.slug),)), now=NOW).is_complete
    neither = Choices(wants_daily=False, wants_weekly=False)
    assert not foresee(neither, now=NOW).is_complete
    assert foresee(only(ferry), now=NOW).is_complete


@pytest.mark.django_db
def test_what_was_published_corrected_or_withdrawn_is_seen_at_once():
    ferry = make_source()
    assert foresee(only(ferry), now=NOW).last is None
    issue = make_public(ferry, headlines=["Quays"])
    assert foresee(only(ferry), now=NOW).last.headlines == ("Quays",)
    issue.stories.update(headline="Quays, corrected")
    publish(issue.pk, now=NOW)
    assert foresee(only(ferry), now=NOW).last.headlines == ("Quays, corrected",)
    Issue.objects.update(state=IssueState.DRAFT.value)
    publish(issue.pk, now=NOW)
    assert foresee(only(ferry), now=NOW).last is None


@pytest.mark.django_db
def test_what_is_published_in_between_is_not_kept_under_the_version_before(monkeypatch):
    ferry = make_source()
    issue = make_public(ferry, headlines=["Quays"])
    real = foreseeing.read

    def late(versions):
        issue.stories.update(headline="A mistake")
        publish(issue.pk, now=NOW)
        return real(versions)

    monkeypatch.setattr(foreseeing, "read", late)
    assert foresee(only(ferry), now=NOW).last.headlines == ("A mistake",)
    monkeypatch.undo()
    issue.stories.update(headline="Quays")
    publish(issue.pk, now=NOW)
    assert foresee(only(ferry), now=NOW).last.headlines == ("Quays",)


@pytest.mark.django_db
def test_while_nothing_changes_it_costs_three_short_queries(django_assert_max_num_queries):
    sources = [make_source() for _ in range(5)]
    for days in range(28):
        make_public(*sources, end=ago(days))
    foresee(Choices(), now=NOW)
    with django_assert_max_num_queries(1):
        foresee(Choices(), now=NOW)
    with django_assert_max_num_queries(3):
        assert foresee(only(*sources[:3]), now=NOW).a_week == 21


@pytest.mark.django_db
@given(
    everything=st.booleans(), chosen=st.sets(st.integers(0, 5)), muted=st.sets(st.integers(0, 5))
)
@settings(deadline=None)
def test_choices_foreseen_take_what_choices_kept_do(everything, chosen, muted):
    sources = [make_source() for _ in range(6)]
    Source.objects.filter(pk=sources[0].pk).update(merged_into=sources[1])
    reader = make_reader(sources=[sources[place] for place in chosen], all_sources=everything)
    for place in muted:
        Mute.objects.create(subscriber=reader, source=sources[place])
    kept = choice_of(reader, Source.objects.merge_groups(), NOW)
    foreseen = choice_in(choices_of(reader), TODAY)
    for first in sources:
        for second in sources:
            story = frozenset({first.pk, second.pk})
            assert foreseen.takes(story) is kept.takes(story)


@pytest.mark.django_db
def test_filtering_leaves_all_but_the_stories_as_it_is():
    ferry, tram = make_source(), make_source()
    issue = make_public(ferry, tram)
    content = IssueContent.from_json(WebCopy.objects.get(issue=issue).content)
    left = filtered(content, choice_in(only(tram), TODAY))
    assert left.stories == content.stories[1:]
    assert (left.opening, left.patterns, left.subject) == (
        content.opening,
        content.patterns,
        content.subject,
    )


@pytest.mark.parametrize(
    ("a_week", "said"),
    [
        (0.0, 0),
        (0.25, 0),
        (0.99, 0),
        (1.0, 1),
        (1.5, 2),
        (2.5, 3),
        (4.2, 4),
        (19.4, 19),
        (21.0, 20),
        (22.5, 25),
        (96.0, 95),
        (133.0, 130),
    ],
)
def test_an_average_is_rounded_as_one_says_it(a_week, said):
    assert rounded(a_week) == said


@given(st.floats(1, 1000))
def test_rounding_is_never_far_off(a_week):
    assert abs(rounded(a_week) - a_week) <= max(0.5, a_week / 8)


@pytest.mark.django_db
def test_the_publications_own_day_counts(settings):
    settings.PUBLICATION_TIME_ZONE = "Pacific/Auckland"
    ferry = make_source()
    make_public(ferry, end=date(2026, 1, 1))
    make_public(ferry, ferry, ferry, ferry, end=ago(27))
    assert foresee(only(ferry), now=NOW).a_week == 0
    settings.PUBLICATION_TIME_ZONE = "UTC"
    assert foresee(only(ferry), now=NOW).a_week == 1
