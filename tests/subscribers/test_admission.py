"""The gates: who is asked to wait, who is let in, and what that costs the quotas."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from subscribers.admission import Applicant, NotYet, TooMany, admit, age_of, make_stamp
from subscribers.admission.gates import OVERALL
from subscribers.admission.work import is_solved
from subscribers.models import Quota
from tests.factories import make_reader

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
ANNA = "anna@example.com"
HOME = "198.51.100.0/24"
SECOND = timedelta(seconds=1)
BITS = 5


@pytest.fixture(autouse=True)
def gates(settings):
    settings.MIN_FORM_SECONDS = 2
    settings.PROOF_OF_WORK_BITS = 0


@pytest.fixture
def work(settings):
    settings.PROOF_OF_WORK_BITS = BITS


def knock(stamp="", solution="", *, email=ANNA, network=HOME, now=NOW):
    admit(Applicant(email, stamp, solution, network), now=now)


def refused(*args, **kwargs):
    with pytest.raises(NotYet) as caught:
        knock(*args, **kwargs)
    return caught.value


def solve(stamp, email=ANNA):
    return next(str(n) for n in count() if is_solved(stamp, email, str(n), bits=BITS))


# --- Time ----------------------------------------------------------------------------------


def test_a_form_that_was_out_for_a_while_is_let_in():
    knock(make_stamp(NOW), now=NOW + 2 * SECOND)


def test_a_form_that_comes_back_at_once_waits_the_rest_and_keeps_its_stamp():
    stamp = make_stamp(NOW)
    early = refused(stamp, now=NOW + SECOND / 2)
    assert (early.wait_seconds, early.stamp) == (2, stamp)
    knock(early.stamp, now=NOW + SECOND / 2 + early.wait_seconds * SECOND)


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "made up",
        make_stamp(NOW - timedelta(days=2)),
        make_stamp(NOW + timedelta(days=2)),
        make_stamp(NOW, "bob@example.com"),
        "\ud800",
    ],
    ids=["none", "made up", "old", "of the future", "for somebody else", "no text"],
)
def test_who_has_no_good_stamp_gets_one_for_this_address(stamp):
    early = refused(stamp)
    assert early.wait_seconds == 2
    assert age_of(early.stamp, NOW, ANNA) == timedelta()
    knock(early.stamp, now=NOW + 2 * SECOND)
    refused(early.stamp, email="bob@example.com", now=NOW + 2 * SECOND)


def test_what_is_asked_to_wait_costs_no_quota():
    for _ in range(3):
        refused()
    assert not Quota.objects.exists()


def test_where_nothing_is_asked_no_stamp_is_needed(settings):
    settings.MIN_FORM_SECONDS = 0
    knock()
    knock("made up")


# --- Work or patience ------------------------------------------------------------------------


@pytest.mark.usefixtures("work")
class TestWork:
    def test_a_form_with_the_work_done_is_let_in(self):
        stamp = make_stamp(NOW)
        knock(stamp, solve(stamp), now=NOW + 2 * SECOND)

    def test_work_done_does_not_replace_the_time_to_type(self):
        stamp = make_stamp(NOW)
        assert refused(stamp, solve(stamp)).wait_seconds == 2

    def test_without_work_each_address_waits_half_a_minute_of_its_own(self):
        form = make_stamp(NOW)
        late = NOW + timedelta(hours=1)
        early = refused(form, now=late)
        assert early.wait_seconds == 30
        assert age_of(early.stamp, late, ANNA) == timedelta()
        again = refused(early.stamp, now=late + 29 * SECOND)
        assert (again.wait_seconds, again.stamp) == (1, early.stamp)
        knock(early.stamp, now=late + 30 * SECOND)
        other = refused(early.stamp, email="bob@example.com", now=late + 30 * SECOND)
        assert other.wait_seconds == 30

    def test_no_stamp_at_all_waits_as_long(self):
        assert refused().wait_seconds == 30

    def test_who_has_a_script_need_not_wait_because_a_page_was_open_for_days(self):
        old = make_stamp(NOW - timedelta(days=3))
        early = refused(old, solve(old))
        assert early.wait_seconds == 2
        knock(early.stamp, solve(early.stamp), now=NOW + 2 * SECOND)

    @pytest.mark.parametrize("solution", ["", "-1", "x" * 10_000, "\ud800", "1 or 1=1"])
    def test_a_wrong_solution_is_none(self, solution):
        assert refused(make_stamp(NOW), solution, now=NOW + 2 * SECOND).wait_seconds == 30

    def test_a_solution_for_one_address_is_none_for_another(self):
        stamp = make_stamp(NOW)
        solution = solve(stamp)
        others = (f"{n}@example.com" for n in count())
        email = next(email for email in others if not is_solved(stamp, email, solution, bits=BITS))
        refused(stamp, solution, email=email, now=NOW + 2 * SECOND)

    def test_work_is_asked_for_where_no_time_is(self, settings):
        settings.MIN_FORM_SECONDS = 0
        stamp = make_stamp(NOW)
        assert refused(stamp).wait_seconds == 30
        knock(stamp, solve(stamp))


# --- Quotas ----------------------------------------------------------------------------------


def spent(key):
    return sum(Quota.objects.filter(key__startswith=key).values_list("count", flat=True))


def open_door(settings, **limits):
    settings.MIN_FORM_SECONDS = 0
    for name, limit in limits.items():
        setattr(settings, name, limit)


def test_a_network_that_sends_too_many_waits_and_eats_nothing_of_the_others(settings):
    open_door(settings, SIGN_UPS_PER_NETWORK=3, SIGN_UPS_PER_HOUR=5)
    for _ in range(3):
        knock()
    for _ in range(10):
        with pytest.raises(TooMany) as caught:
            knock()
        assert caught.value.retry_after_seconds == 20 * 60
    assert spent(OVERALL) == 3
    knock(network="203.0.113.0/24")


def test_all_networks_together_have_a_limit_and_no_row_beyond_it(settings):
    open_door(settings, SIGN_UPS_PER_NETWORK=3, SIGN_UPS_PER_HOUR=5)
    for number in range(5):
        knock(network=f"203.0.{number}.0/24")
    for number in range(5, 50):
        with pytest.raises(TooMany):
            knock(network=f"203.0.{number}.0/24")
    assert spent(OVERALL) == spent("network:") == 5
    assert Quota.objects.count() == 6
    knock(network="203.0.49.0/24", now=NOW + timedelta(minutes=20))


def test_ten_thousand_posts_of_one_network_are_a_handful(settings):
    open_door(settings, SIGN_UPS_PER_NETWORK=30, SIGN_UPS_PER_HOUR=1_000)
    let_in = 0
    for number in range(10_000):
        try:
            knock(email=f"{number}@example.com")
        except TooMany:
            continue
        let_in += 1
    assert let_in == 30


def test_no_address_of_a_visitor_is_stored(settings):
    open_door(settings)
    knock()
    for key in Quota.objects.values_list("key", flat=True):
        assert "198.51.100" not in key
        assert "@" not in key


def test_known_and_unknown_addresses_cost_the_same_questions(settings, django_assert_num_queries):
    open_door(settings)
    known = make_reader()
    knock()
    for email in (known.email, "nobody@example.com"):
        with django_assert_num_queries(6) as said:
            knock(email=email)
        assert not any("subscribers_subscriber" in query["sql"] for query in said)


class Knocking(TestCase):
    @hypothesis_settings(max_examples=50, deadline=None)
    @given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
    def test_whatever_is_sent_is_let_in_or_told_when_to_come(self, email, stamp, solution, network):
        for bits in (0, 22):
            with self.settings(MIN_FORM_SECONDS=2, PROOF_OF_WORK_BITS=bits):
                try:
                    admit(Applicant(email, stamp, solution, network), now=NOW)
                except NotYet as early:
                    later = NOW + early.wait_seconds * SECOND
                    if not solution:
                        admit(Applicant(email, early.stamp, "", network), now=later)
                else:
                    raise AssertionError("a made-up stamp was good")
