"""A stamp tells when a form was given out, and to whom where that matters."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from subscribers.admission import BadStamp, age_of, make_stamp
from subscribers.admission.stamps import EPOCH, GOOD_FOR, folded
from subscribers.tokens import BadToken, Purpose, make_token, read_token

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ANNA = "anna@example.com"
moments = st.integers(0, 10**10).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
waits = st.timedeltas(timedelta(), GOOD_FOR)


@given(moments, waits, st.text())
def test_a_stamp_tells_its_age_to_the_millisecond(now, wait, email):
    age = age_of(make_stamp(now, email), now + wait, email)
    assert abs(age - wait) <= timedelta(milliseconds=1)


@given(moments, st.emails())
def test_a_stamp_fits_an_address_and_says_nothing_about_it(now, email):
    stamp = make_stamp(now, email)
    assert len(stamp) == len(make_stamp(now)) == 30
    assert stamp.replace("-", "").replace("_", "").isalnum()
    assert stamp.isascii()


@given(st.emails(), st.emails())
def test_a_stamp_for_one_address_is_worth_nothing_for_another(email, other):
    stamp = make_stamp(NOW, email)
    for wrong in ("", other):
        if folded(wrong) != folded(email):
            with pytest.raises(BadStamp):
                age_of(stamp, NOW, wrong)


def test_a_stamp_for_everybody_is_not_one_for_an_address():
    with pytest.raises(BadStamp):
        age_of(make_stamp(NOW), NOW, ANNA)


@pytest.mark.parametrize(
    "typed", ["Anna@Example.com", "  anna@example.com\r\n", "ANNA@EXAMPLE.COM"]
)
def test_capitals_and_blanks_around_an_address_do_not_matter(typed):
    assert age_of(make_stamp(NOW, ANNA), NOW, typed) == timedelta()


@pytest.mark.parametrize("wait", [GOOD_FOR + timedelta(milliseconds=1), timedelta(days=30)])
def test_a_stamp_is_good_for_a_day(wait):
    stamp = make_stamp(NOW)
    assert age_of(stamp, NOW + GOOD_FOR) == GOOD_FOR
    with pytest.raises(BadStamp):
        age_of(stamp, NOW + wait)


def test_a_stamp_of_the_future_is_refused():
    with pytest.raises(BadStamp):
        age_of(make_stamp(NOW + timedelta(milliseconds=1)), NOW)


@given(st.integers(0, 29), st.sampled_from("AZaz09-_"))
def test_a_changed_stamp_is_refused(place, letter):
    stamp = make_stamp(NOW)
    changed = stamp[:place] + letter + stamp[place + 1 :]
    # The last letter of base64 carries four bits that mean nothing.
    if changed != stamp and place < 29:
        with pytest.raises(BadStamp):
            age_of(changed, NOW)


@given(st.one_of(st.text(), st.text("AZaz09-_=", min_size=20, max_size=60)))
def test_rubbish_is_refused(stamp):
    with pytest.raises(BadStamp):
        age_of(stamp, NOW, "\ud800@example.com")


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(email=st.sampled_from(["", ANNA]))
def test_a_stamp_outlives_a_key_rotation_and_dies_with_its_key(email, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the old key", []
    stamp = make_stamp(NOW, email)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new key", ["the old key"]
    assert age_of(stamp, NOW, email) == timedelta()
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(BadStamp):
        age_of(stamp, NOW, email)


def test_stamps_and_tokens_do_not_pass_for_each_other():
    with pytest.raises(BadStamp):
        age_of(make_token(Purpose.CHOICES, 1), NOW)
    for purpose in Purpose:
        with pytest.raises(BadToken):
            read_token(purpose, purpose.value + make_stamp(NOW))
