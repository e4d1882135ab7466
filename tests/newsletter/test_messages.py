"""Headers and subjects."""

from hypothesis import given
from hypothesis import strategies as st

from newsletter.messages import one_line, shortened


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
