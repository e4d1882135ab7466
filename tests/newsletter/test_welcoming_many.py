"""Many welcomes at once: what they cost, and how long a tick spends on them."""

import pytest
from django.utils import timezone

from newsletter.welcoming import welcome_due
from tests.factories import make_source
from tests.newsletter.test_welcoming import newcomer, published

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return make_source("The Rope Yard")


def test_what_welcomes_is_read_once_for_all_who_wait(source, django_assert_max_num_queries):
    for days_ago in range(10):
        published(source, days_ago=days_ago)
    other = make_source("Other")
    for number in range(12):
        newcomer(f"new{number}@example.com", sources=[other], language="de" if number % 2 else "en")
    # For each: both ends of the transaction, the claim, the reader, two choices, what they got.
    with django_assert_max_num_queries(12 * 7 + 10):
        assert welcome_due(timezone.now()) == 0


def test_who_is_not_reached_in_time_is_welcomed_by_the_next_tick(source):
    published(source)
    newcomer()
    assert welcome_due(timezone.now(), seconds=0) == 0
    assert welcome_due(timezone.now()) == 1
