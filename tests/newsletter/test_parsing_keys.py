"""Keys of stories, made of their headlines."""

import pytest

from newsletter.parsing.keys import key_of, unique_keys


@pytest.mark.parametrize(
    ("headline", "key"),
    [
        ("How It’s Built: 10x Faster!", "how-its-built-10x-faster"),
        ("Don't Panic", "dont-panic"),
        ("Crème Brûlée", "creme-brulee"),
    ],
)
def test_key_is_the_slug_of_the_headline(headline, key):
    assert key_of(headline) == key


def test_key_has_at_most_eighty_characters_and_ends_with_a_word():
    key = key_of("word " * 40)
    assert len(key) <= 80
    assert key.endswith("word")
    assert len(unique_keys(["word " * 40] * 2)[1]) <= 80


def test_headlines_in_other_scripts_get_keys_that_differ_and_stay():
    first, second = key_of("日本語 AI ニュース"), key_of("別の AI ニュース")
    assert first != second
    assert first == key_of("日本語 AI ニュース")
    assert first.startswith("story-")


def test_keys_are_unique_even_if_a_headline_looks_like_a_numbered_one():
    assert unique_keys(["A", "A-2", "A", "!!!", "!!!"])[:3] == ["a", "a-2", "a-3"]
    assert len(set(unique_keys(["A", "A 2", "A", "A", "!!!", "???", "!!!"]))) == 7
