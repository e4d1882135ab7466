"""What a search compares."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.words import LONGEST_WORD, index_form, indexed, words_in


def words(text):
    return [word.plain for word in words_in(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("  !?  ", []),
        ("Zürich, ÉCOLE & naïve", ["zurich", "ecole", "naive"]),
        ("e\u0301cole cafe\u0301", ["ecole", "cafe"]),
        ("Straße", ["strasse"]),
        ("don't snake_case e-mail", ["don", "t", "snake", "case", "e", "mail"]),
        ("ﬁre ½ x²", ["fire", "1", "2", "x2"]),
        ("soft\u00adhyphen", ["softhyphen"]),
        ("Ærø Łódź", ["ærø", "łodz"]),
        ("Привет ΣΊΣΥΦΟΣ", ["привет", "σισυφοσ"]),
        ("東京 tower", ["東", "京", "tower"]),
        ("x東y", ["x", "東", "y"]),
        ("HTTP/2 1e5abc", ["http", "2", "1e5abc"]),
        ("🚢 ship", ["ship"]),
    ],
)
def test_words_are_folded(text, found):
    assert words(text) == found


@given(st.text())
def test_each_word_says_where_it_stands(text):
    end = 0
    for word in words_in(text):
        assert end <= word.start < word.end <= len(text)
        # A character that is several words, as "½" is, stands where it stands for each of them.
        end = word.end - 1
        assert words(text[word.start : word.end]).count(word.plain) >= 1
        assert 0 < len(word.plain) <= LONGEST_WORD


@given(st.text())
def test_case_and_composition_make_no_difference(text):
    composed = unicodedata.normalize("NFC", text)
    assert words(composed) == words(unicodedata.normalize("NFD", text))
    assert words(words_joined := " ".join(words(text))) == words_joined.split()


@given(st.text())
def test_the_index_holds_letters_and_digits_of_ascii_alone(text):
    forms = indexed(text).split(" ") if indexed(text) else []
    assert all(re.fullmatch("[a-z][a-z0-9]*", form) for form in forms)
    assert forms == [index_form(word) for word in words(text)]


@given(st.text(), st.integers(0, LONGEST_WORD))
def test_the_beginning_of_a_word_is_the_beginning_of_its_form(text, length):
    for word in words(text):
        assert index_form(word).startswith(index_form(word[:length]))


@given(st.text(), st.text())
@example("0", "Z")
@example("øre", "zf")
def test_a_form_begins_with_no_other_words_form(text, query):
    for word in words(text):
        for asked in words(query):
            assert index_form(word).startswith(index_form(asked)) is word.startswith(asked)


def test_an_endless_text_is_indexed_as_far_as_databases_take_it():
    assert len(indexed("東" * 1_000_000)) < 1_000_000
    assert len(words("x" * 100_000)[0]) == LONGEST_WORD
