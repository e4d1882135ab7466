"""Quotas let through what they say, whoever else is spending."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from subscribers.admission.quotas import DAY, network_key, spend
from subscribers.models import Quota
from subscribers.models.doors import QUOTA_KEY_MAX_LENGTH
from tests.installation import Installation

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)


@pytest.mark.django_db
def test_a_quota_is_granted_up_to_its_limit_and_stops_counting():
    assert [spend("k", 3, now=NOW) for _ in range(10)] == [0, 0, 0] + [20 * 60] * 7
    assert Quota.objects.get().count == 3


@pytest.mark.django_db
def test_every_hour_begins_anew():
    assert spend("k", 1, now=NOW) == 0
    assert spend("k", 1, now=NOW + timedelta(minutes=19)) == 60
    assert spend("k", 1, now=NOW + timedelta(minutes=20)) == 0
    assert Quota.objects.count() == 2


@pytest.mark.django_db
def test_a_quota_may_be_for_a_day_of_utc():
    tokyo = timezone(timedelta(hours=9))
    assert spend("k", 1, now=NOW, window=DAY) == 0
    midnight = NOW.replace(hour=23, minute=59).astimezone(tokyo)
    assert spend("k", 1, now=midnight, window=DAY) == 60
    assert spend("k", 1, now=midnight + timedelta(minutes=1), window=DAY) == 0


@pytest.mark.django_db
def test_one_key_spends_nothing_of_another():
    assert spend("one", 1, now=NOW) == 0
    assert spend("other", 1, now=NOW) == 0
    assert spend("one", 1, now=NOW) > 0


@pytest.mark.django_db
def test_a_refusal_writes_nothing(django_assert_num_queries):
    spend("k", 1, now=NOW)
    with django_assert_num_queries(1) as said:
        spend("k", 1, now=NOW)
    assert said[0]["sql"].startswith("SELECT")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("moment", "left"),
    [
        (NOW.replace(minute=0), 3_600),
        (NOW.replace(minute=59, second=59, microsecond=999_999), 1),
        (NOW.replace(minute=59, second=58, microsecond=500_000), 2),
    ],
)
def test_whoever_waits_as_long_as_they_are_told_is_let_in(moment, left):
    spend("k", 1, now=moment)
    assert spend("k", 1, now=moment) == left
    assert spend("k", 1, now=moment + timedelta(seconds=left)) == 0


class Spending(TestCase):
    @hypothesis_settings(max_examples=25, deadline=None)
    @given(
        st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 7_199)), max_size=30),
        st.integers(1, 4),
    )
    def test_no_hour_has_more_than_the_limit(self, moments, limit):
        granted: dict[tuple[str, int], int] = {}
        midnight = datetime(2026, 11, 20, tzinfo=UTC)
        for key, second in moments:
            place = key, second // 3_600
            left = spend(key, limit, now=midnight + timedelta(seconds=second))
            assert (left == 0) is (granted.get(place, 0) < limit)
            assert left in (0, 3_600 - second % 3_600)
            granted[place] = granted.get(place, 0) + (left == 0)


SPEND = """
from datetime import UTC, datetime
from subscribers.admission.quotas import spend

print(sum(spend("k", 100, now=datetime(2026, 11, 20, 9, 40, tzinfo=UTC)) == 0 for _ in range(60)))
"""


def test_many_processes_on_sqlite_get_no_more_than_the_limit(tmp_path):
    house = Installation(tmp_path, 25, ())
    house.migrate()
    with ThreadPoolExecutor(3) as pool:
        spenders = [
            pool.submit(house.manage, "shell", "--verbosity=0", "-c", SPEND) for _ in range(3)
        ]
    granted = [int(spender.result()) for spender in spenders]
    assert sum(granted) == 100
    assert max(granted) <= 60


# In memory, where SQLite's database of a test is, a second writer is refused at once.
@pytest.mark.skipif(connection.vendor == "sqlite", reason="needs a server's database")
@pytest.mark.django_db(transaction=True)
def test_many_who_spend_at_once_get_no_more_than_the_limit():
    begin = threading.Barrier(8)

    def spender():
        try:
            begin.wait()
            return [spend("k", 25, now=NOW) for _ in range(5)]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        spenders = [pool.submit(spender) for _ in range(8)]
    answers = [answer for spender in spenders for answer in spender.result()]
    assert len(answers) == 40
    assert answers.count(0) == 25
    assert Quota.objects.get().count == 25


def test_a_networks_key_fits_and_does_not_tell_the_network(settings):
    network = "198.51.100.0/24"
    key = network_key(network)
    assert len(key) <= QUOTA_KEY_MAX_LENGTH
    assert key == network_key(network)
    assert key != network_key("198.51.101.0/24")
    settings.SECRET_KEY = "another"
    assert key != network_key(network), "without the key nobody can try out networks"
