"""What a mailer may be given: its bucket and its day, reckoned without a database."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from newsletter.mailers import Mailer, WarmUp
from newsletter.rates.buckets import LONGEST_WAIT, Bucket, draw, pace_of, refund
from tests.newsletter.paces import assert_paced

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOON.date()
SECOND = timedelta(seconds=1)


def mailer(**limits):
    return Mailer("main", "some.Backend", **limits)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def drawn(bucket, wanted, limits, now):
    """Take from a bucket and return it with the number that it gave."""
    bucket, grant = draw(bucket, wanted, limits, now)
    return bucket, grant.granted


# --- A bucket by itself -----------------------------------------------------------------


def test_a_bucket_gives_what_a_second_brings_and_then_what_comes():
    limits = mailer(per_second=10)
    bucket, granted = drawn(Bucket(), 25, limits, NOON)
    assert granted == 10
    assert drawn(bucket, 25, limits, at(0.05))[1] == 0
    assert drawn(bucket, 25, limits, at(0.35))[1] == 3
    assert drawn(bucket, 25, limits, at(3600))[1] == 10, "it never holds more than a second's"


def test_a_pace_below_one_a_second_still_gives_one():
    limits = mailer(per_second=0.1)
    bucket, granted = drawn(Bucket(), 20, limits, NOON)
    assert granted == 1
    assert drawn(bucket, 20, limits, at(9.9))[1] == 0
    assert drawn(bucket, 20, limits, at(10))[1] == 1


def test_who_waits_as_long_as_is_said_gets_something():
    limits = mailer(per_second=10)
    bucket, grant = draw(Bucket(), 20, limits, NOON)
    assert grant.wait == timedelta(milliseconds=500), "and enough to be worth a question"
    assert drawn(bucket, 10, limits, NOON + grant.wait)[1] == 5
    assert draw(bucket, 1, limits, NOON)[1].wait == timedelta(milliseconds=100)
    assert draw(Bucket(), 10, limits, NOON)[1].wait == timedelta(0)


def test_a_clock_that_goes_back_empties_the_bucket_and_stops_nobody():
    limits = mailer(per_second=10)
    bucket, _ = drawn(Bucket(), 1, limits, at(86_400))
    bucket, grant = draw(bucket, 1, limits, NOON)
    assert grant.granted == 0
    assert grant.wait == timedelta(milliseconds=100)
    assert drawn(bucket, 20, limits, at(0.3))[1] == 3


STEPS = st.lists(
    st.tuples(st.one_of(st.floats(0, 3), st.floats(-7200, 0), st.just(0.0)), st.integers(1, 30)),
    max_size=60,
)


@given(st.one_of(st.floats(0.01, 50), st.sampled_from([1 / 3, 3, 7, 10_000])), STEPS)
def test_no_window_holds_more_than_the_rate_and_a_burst_whatever_the_clock_does(rate, steps):
    limits, now, bucket = mailer(per_second=rate), NOON, Bucket()
    passed, begun = 0.0, []
    for seconds, wanted in steps:
        now += timedelta(seconds=seconds)
        # What really passed: a clock that goes back takes no time away, and brings none.
        passed += max(seconds, 0)
        bucket, grant = draw(bucket, wanted, limits, now)
        assert timedelta(0) <= grant.wait <= pace_of(limits).whole + LONGEST_WAIT
        assert (grant.wait == timedelta(0)) or grant.granted < wanted
        begun.append((passed, grant.granted))
    assert_paced(begun, rate, burst=max(1, int(rate)))


@given(
    st.floats(0.01, 50),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 9), st.integers(1, 30)), max_size=60),
)
def test_workers_that_waited_for_the_bucket_and_know_only_an_old_time_gain_nothing(rate, steps):
    limits, now, bucket, begun = mailer(per_second=rate), NOON, Bucket(), []
    for seconds, old, wanted in steps:
        now += timedelta(seconds=seconds)
        bucket, grant = draw(bucket, wanted, limits, now - timedelta(seconds=old))
        begun.append(((grant.at - NOON).total_seconds(), grant.granted))
    assert_paced(begun, rate, burst=max(1, int(rate)))


@given(st.floats(0.01, 50), STEPS)
def test_who_waits_is_never_sent_away_with_nothing(rate, steps):
    limits, now, bucket = mailer(per_second=rate), NOON, Bucket()
    for seconds, wanted in steps:
        now += timedelta(seconds=seconds)
        bucket, grant = draw(bucket, wanted, limits, now)
        if not grant.granted:
            assert drawn(bucket, wanted, limits, now + grant.wait)[1] >= 1


# --- What goes back ---------------------------------------------------------------------


def test_what_goes_back_at_once_is_there_again():
    limits = mailer(per_second=10, per_day=100)
    bucket, grant = draw(Bucket(), 10, limits, NOON)
    bucket = refund(bucket, grant, 4, limits, NOON)
    assert bucket.begun == 6
    assert drawn(bucket, 10, limits, NOON)[1] == 4


def test_what_goes_back_late_is_not_there_on_top_of_a_bucket_that_was_refilled():
    limits = mailer(per_second=10)
    bucket, grant = draw(Bucket(), 10, limits, NOON)
    bucket, granted = drawn(bucket, 10, limits, at(1))
    assert granted == 10
    bucket = refund(bucket, grant, 10, limits, at(1))
    assert drawn(bucket, 10, limits, at(1))[1] == 0, "or twenty would leave at once"


def test_no_more_goes_back_than_was_given():
    limits = mailer(per_second=10, per_day=100)
    bucket, _ = drawn(Bucket(), 5, limits, NOON)
    bucket, grant = draw(bucket, 5, limits, NOON)
    bucket = refund(bucket, grant, 1_000, limits, NOON)
    assert bucket.begun == 5
    assert drawn(bucket, 10, limits, NOON)[1] == 5


def test_nothing_goes_back_to_another_day():
    limits = mailer(per_day=100)
    bucket, grant = draw(Bucket(), 60, limits, NOON)
    bucket, _ = drawn(bucket, 80, limits, NOON + timedelta(days=1))
    assert refund(bucket, grant, 60, limits, NOON + timedelta(days=1)).begun == 80


@given(
    st.lists(
        st.tuples(st.floats(0, 2), st.integers(1, 30), st.integers(0, 40), st.floats(0, 2)),
        max_size=40,
    )
)
def test_no_window_of_what_was_used_holds_more_than_the_rate_and_a_burst(rounds):
    limits, now, bucket = mailer(per_second=10, per_day=10_000), NOON, Bucket()
    used = []
    for seconds, wanted, unused, holding in rounds:
        now += timedelta(seconds=seconds)
        bucket, grant = draw(bucket, wanted, limits, now)
        back = min(unused, grant.granted)
        # Another worker takes in between, and uses all of it.
        later = now + timedelta(seconds=holding)
        bucket, other = draw(bucket, wanted, limits, later)
        bucket = refund(bucket, grant, back, limits, later)
        used.append(((now - NOON).total_seconds(), grant.granted - back))
        used.append(((later - NOON).total_seconds(), other.granted))
        now = later
    assert bucket.begun == sum(count for _second, count in used)
    assert_paced(used, 10, burst=10)


# --- The day ----------------------------------------------------------------------------


def test_a_day_gives_its_allowance_and_says_when_the_next_one_begins(settings):
    settings.PUBLICATION_TIME_ZONE = "Europe/Zurich"
    bucket, grant = draw(Bucket(), 20, mailer(per_day=15), NOON)
    assert grant.granted == 15
    assert grant.wait == timedelta(hours=11), "midnight in Zurich is at 23:00 UTC"
    assert drawn(bucket, 20, mailer(per_day=15), NOON + grant.wait - SECOND)[1] == 0
    assert drawn(bucket, 20, mailer(per_day=15), NOON + grant.wait)[1] == 15


def test_the_smaller_of_a_days_limits_and_the_pace_decide_together():
    plan = WarmUp(TODAY, first_day=5, growth=2)
    assert drawn(Bucket(), 20, mailer(per_day=8, warm_up=plan), NOON)[1] == 5
    tomorrow = NOON + timedelta(days=1)
    assert drawn(Bucket(), 20, mailer(per_day=8, warm_up=plan), tomorrow)[1] == 8
    assert drawn(Bucket(), 20, mailer(per_day=8, per_second=3), NOON)[1] == 3


def test_a_warm_up_grows_from_its_first_day_and_never_overflows():
    plan = WarmUp(TODAY, first_day=50, growth=1.5)
    before, century = TODAY - timedelta(days=9), TODAY.replace(year=2126)
    assert [plan.allowance(TODAY + timedelta(days=n)) for n in range(4)] == [50, 75, 112, 168]
    assert plan.allowance(before) == 50
    bucket, grant = draw(Bucket(), 20, mailer(warm_up=plan), datetime(2126, 1, 1, tzinfo=UTC))
    assert grant.granted == 20
    assert bucket.begun == 20
    assert plan.allowance(date.max) == plan.allowance(century) < 2**31


def test_a_lower_limit_in_the_middle_of_a_day_takes_nothing_back():
    bucket, _ = drawn(Bucket(), 50, mailer(per_day=100), NOON)
    _, grant = draw(bucket, 1, mailer(per_day=20), NOON)
    assert (grant.granted, grant.wait) == (0, timedelta(hours=12))


def test_a_clock_that_goes_back_over_midnight_does_not_begin_the_day_again():
    limits, midnight = mailer(per_day=20), NOON + timedelta(hours=12)
    bucket, _ = drawn(Bucket(), 20, limits, midnight)
    bucket, grant = draw(bucket, 20, limits, midnight - SECOND)
    assert grant.granted == 0
    assert drawn(bucket, 20, limits, midnight + SECOND)[1] == 0


def test_a_clock_that_was_wrong_by_years_stops_no_mail():
    limits = mailer(per_day=20)
    bucket, _ = drawn(Bucket(), 20, limits, NOON.replace(year=2036))
    assert drawn(bucket, 20, limits, NOON)[1] == 20
