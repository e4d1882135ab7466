"""Headers and subjects."""

from hypothesis import given
from hypothesis import strategies as st

from newsletter.messages import JOINERS, impersonal, one_line, quoted, shortened

LIMIT = 300
LOCAL_PARTS = ["ada", "o'brien", "ada+digest", '"ada lovelace"', '"ada \\" lovelace"', "bücher"]
# What PostgreSQL takes for no text, and what addresses are made of, stands among all others.
anything = st.text(st.sampled_from('\0\ud800\x85 "@<>') | st.characters(), max_size=3 * LIMIT)


def is_fit(text):
    return (
        len(text) <= LIMIT
        and all(character.isprintable() or character in JOINERS for character in text)
        and text.encode().decode() == text
    )


@given(st.text())
def test_a_subject_never_has_a_line_break_or_a_control(text):
    line = one_line(text)
    assert all(character.isprintable() for character in line)
    assert "\n" not in line
    assert "\r" not in line


def test_newline_in_subject_becomes_a_space():
    assert one_line("Ropes\r\nBcc: everybody@example.com") == "Ropes Bcc: everybody@example.com"


@given(st.text(alphabet="ab ", max_size=60), st.integers(2, 40))
def test_a_shortened_text_fits_and_says_that_it_was_cut(text, limit):
    short = shortened(text, limit)
    assert len(short) <= limit
    assert short == text or short.endswith("…")


@given(anything)
def test_words_of_a_server_are_one_line_that_a_column_holds(words):
    assert is_fit(quoted(words, LIMIT))


@given(anything, anything, st.sampled_from(LOCAL_PARTS))
def test_words_that_leave_a_row_name_nobody(before, after, local):
    told = impersonal(f"{before} <{local}@example.com>: {after}", LIMIT)
    assert is_fit(told)
    assert "@" not in told


@given(st.sampled_from(LOCAL_PARTS), st.integers(0, LIMIT))
def test_no_part_of_an_address_is_left_wherever_the_words_are_cut_off(local, place):
    told = impersonal("x" * place + f" {local}@example.com is unknown", LIMIT)
    assert not any(name in told for name in ("ada", "o'b", "brien", "lovelace", "bü"))


def test_what_is_no_address_is_left_as_it_was_said():
    words = "550 5.1.1 <ada@example.com>: no such user (see https://mail.example/help)"
    assert impersonal(words, LIMIT) == words.replace("ada@example.com", "…")
