"""A proof of work is cheap to check, and good for one stamp and one address."""

import hashlib
from itertools import count

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from subscribers.admission import challenge_for
from subscribers.admission.work import is_solved

BITS = 6
STAMP = "AZrk2n3zqLZ0P-KxYv8mJd1sWc_QfT"
ANNA = "anna@example.com"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


def zero_bits(stamp, email, nonce):
    digest = hashlib.sha256(f"{stamp}:{email}:{nonce}".encode()).digest()
    return 256 - int.from_bytes(digest, "big").bit_length()


def solutions(stamp=STAMP, email=ANNA, bits=BITS):
    return (str(n) for n in count() if zero_bits(stamp, email, n) >= bits)


@hypothesis_settings(max_examples=30)
@given(texts, st.emails(), st.integers(1, 8))
def test_what_the_sum_says_is_what_is_checked(stamp, email, bits):
    found = next(solutions(stamp, email.lower(), bits))
    for nonce in range(int(found) + 1):
        enough = zero_bits(stamp, email.lower(), nonce) >= bits
        assert is_solved(stamp, email, str(nonce), bits=bits) is enough


@pytest.mark.parametrize("typed", ["  Anna@EXAMPLE.com ", "ANNA@example.com\n"])
def test_the_address_counts_without_blanks_and_capitals(typed):
    assert is_solved(STAMP, typed, next(solutions()), bits=BITS)


def test_letters_beyond_ascii_stay_as_they_are():
    email = "anna@BÜCHER.example"
    assert is_solved(STAMP, email, next(solutions(email="anna@bÜcher.example")), bits=BITS)


def test_a_solution_is_worth_nothing_for_another_address_or_stamp():
    tries = [next(solutions(email=f"{n}@example.com")) for n in range(20)]
    for_anna = [solution for solution in tries if is_solved(STAMP, ANNA, solution, bits=BITS)]
    assert len(for_anna) < 5, "one of 64 by chance"
    other = [solution for solution in tries if is_solved("other", ANNA, solution, bits=BITS)]
    assert len(other) < 5


@pytest.mark.parametrize(
    "solution",
    [
        "",
        "-1",
        "+5",
        " 5",
        "5\n",
        "0x5",
        "1e3",
        "5.0",
        "٥",
        "５",
        "9" * 17,
        "0" * 100_000,
        "\ud800",
    ],
)
def test_what_is_no_short_decimal_number_is_no_solution(solution):
    # With no bits asked for, every number would do.
    assert is_solved(STAMP, ANNA, "5", bits=0)
    assert not is_solved(STAMP, ANNA, solution, bits=0)


def test_lone_surrogates_out_of_json_do_no_harm():
    assert not is_solved("\ud800", "\udfff@example.com", "1", bits=200)


def test_a_challenge_is_given_where_work_is_asked_for(settings):
    settings.PROOF_OF_WORK_BITS = 0
    assert challenge_for(STAMP) is None
    settings.PROOF_OF_WORK_BITS = 16
    assert challenge_for(STAMP) == {"stamp": STAMP, "bits": 16}
