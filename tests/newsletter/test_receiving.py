"""An issue as one reader received it."""

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.approving import revise
from newsletter.editions import edition_of
from newsletter.models import Story
from newsletter.receiving import ARRIVED, bits, may_be_read, received
from newsletter.states import DeliveryState
from subscribers.audience import Choice
from tests.factories import make_approved_issue, make_reader, make_source, noon
from tests.newsletter.received import make_delivery


def powerset(values):
    values = list(values)
    return chain.from_iterable(combinations(values, size) for size in range(len(values) + 1))


def headlines(found):
    return [story.headline for story in found.content.stories]


@pytest.mark.django_db
def test_the_very_stories_of_the_mail_are_found_in_its_order():
    issue = make_approved_issue(*(make_source() for _ in range(5)))
    every = [story.headline for story in issue.stories.all()]
    found = received(make_delivery(issue, make_reader(), shown=f"{0b10110:x}"))
    assert headlines(found) == [every[1], every[2], every[4]]
    assert [story.headline for story in found.left_out] == [every[0], every[3]]
    assert (found.shown, found.total) == (3, 5)
    assert found.content.opening == issue.opening


@pytest.mark.django_db
def test_it_is_what_was_composed_for_every_choice():
    sources = [make_source() for _ in range(4)]
    issue = make_approved_issue(*sources)
    composer = edition_of(issue).composer_for("en")
    delivery = make_delivery(issue, make_reader(), shown="0")
    for chosen in powerset(source.pk for source in sources):
        choice = Choice(all_sources=False, source_ids=frozenset(chosen))
        composition = composer.compose(choice)
        delivery.shown = composition.shown_mask
        found = received(delivery)
        assert tuple(story.key for story in found.content.stories) == composition.story_keys
        assert found.total == composition.total


@pytest.mark.django_db
def test_later_corrections_do_not_change_what_was_received():
    issue = make_approved_issue(make_source())
    delivery = make_delivery(issue, make_reader(), shown="1")
    before = headlines(received(delivery))
    Story.objects.update(headline="Corrected since")
    revise(issue, now=noon(issue))
    assert issue.revisions.count() == 2
    assert headlines(received(delivery)) == before


@pytest.mark.django_db
def test_a_mail_without_a_story_was_received_too():
    issue = make_approved_issue(make_source(), kind="weekly")
    found = received(make_delivery(issue, make_reader(), shown="0"))
    assert (found.shown, found.total) == (0, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("state", list(DeliveryState))
def test_only_what_may_have_arrived_can_be_read(state):
    issue = make_approved_issue(make_source())
    delivery = make_delivery(issue, make_reader(), shown="1")
    # Not stored: some states ask for a lease or a reason.
    delivery.state = state
    assert (received(delivery) is not None) is (state in ARRIVED)
    assert may_be_read(delivery) is (state in ARRIVED)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "lacking", [{"shown": ""}, {"subscriber": None}, {"revision": None}], ids=str
)
def test_without_record_reader_or_revision_nothing_is_known(lacking):
    delivery = make_delivery(make_approved_issue(make_source()), make_reader(), shown="1")
    for name, value in lacking.items():
        setattr(delivery, name, value)
    assert received(delivery) is None


@given(st.lists(st.booleans(), max_size=200))
def test_bits_are_read_as_they_are_written(shown):
    number = sum(bit << place for place, bit in enumerate(shown))
    assert bits(f"{number:x}", len(shown)) == shown
