"""Nothing is lost, moved or misread without a word at its line."""

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.catalogue import SOURCES_FILE, seeded_aliases
from newsletter.parsing import parse_issue, write_canonical
from tests.newsletter.readings import page

LABELS = frozenset({"Acme", "Borealis", "Corvid", "Corvid & Sons", "GitHub", "The Egret Post"})
FIRST = "[First] · Acme · Source The first body ends here."
DOUBTS = ("error", "review")


def read(text):
    return parse_issue(text, labels=LABELS)


def values(parse):
    return [(story.headline, story.company, story.body) for story in parse.issue.stories]


def doubted(parse):
    return {each.line for each in parse.diagnostics if each.level in DOUBTS}


def found(parse, code):
    return [(each.line, each.level) for each in parse.diagnostics if each.code == code]


# --- Labels of more words than the line


def catalogue_labels():
    with SOURCES_FILE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    named = {row["name"] for row in rows} | {row["company"] for row in rows}
    return frozenset(named | {label for label, _slug in seeded_aliases()})


CATALOGUE = catalogue_labels()
FIRST_WORDS = sorted({label.split()[0] for label in CATALOGUE} | {"·", "&", "Code", "Source", "a"})


@settings(max_examples=300)
@given(
    words=st.lists(st.sampled_from(FIRST_WORDS), max_size=6),
    below=st.lists(st.sampled_from([*FIRST_WORDS, "", "git clone", "Source Body."]), max_size=3),
)
def test_any_start_of_a_label_of_the_catalogue_is_read_without_an_exception(words, below):
    text = page(FIRST, f"Headline · {' '.join(words)}", *below)
    assert parse_issue(text, labels=CATALOGUE).issue.stories


# --- “Sources”


def test_word_sources_torn_out_of_a_body_swallows_no_story():
    parse = read(page(FIRST, "Sources", "[B] · Corvid · Source Other body."))
    assert [story.headline for story in parse.issue.stories] == ["First", "B"]
    assert found(parse, "word-like-a-heading") == [(6, "review")]


def test_story_below_a_list_of_sources_opens_the_stories_again():
    parse = read(page(FIRST, "Sources", "- Acme", "[B] · Corvid · Source Other body."))
    assert [story.headline for story in parse.issue.stories] == ["First", "B"]
    assert parse.issue.listed_sources == ("Acme",)
    assert found(parse, "story-outside") == [(8, "review")]


@pytest.mark.parametrize("line", ["- A · B", "- " + "long " * 50, "- It was made by us all."])
def test_line_that_is_no_name_is_not_taken_for_a_source(line):
    parse = read(f"Sources\n- Acme\n{line}\n{page(FIRST)}")
    assert parse.issue.listed_sources == ("Acme",)
    assert found(parse, "text-outside") == [(3, "review")]


def test_listed_sources_are_plain_names_with_their_lines():
    parse = read(f"## Sources\n\n- [Acme](https://example.com)\n- **Corvid**\n\n{page(FIRST)}")
    assert parse.issue.listed_sources == ("Acme", "Corvid")
    assert parse.issue.listed_lines == (3, 4)


@pytest.mark.parametrize("heading", ["Signal of the Day#", "Patterns Across Companies#"])
def test_story_line_outside_the_stories_is_a_story_and_reported(heading):
    parse = read(f"Engineering @ Scale — 2026-11-20#\n{heading}\nText.\n{FIRST}")
    assert values(parse) == [("First", "Acme", "The first body ends here.")]
    assert found(parse, "story-outside") == [(4, "review")]


# --- Fences


def test_text_after_a_closing_fence_is_a_paragraph_of_its_own():
    parse = read(page("[A] · Acme · Source Run:", "```", "make", "```", "Then rest."))
    assert values(parse)[0][2] == "Run:\n\n```\nmake\n```\n\nThen rest."
    assert parse_issue(write_canonical(parse.issue)).issue == parse.issue


def test_fence_that_nobody_closes_comes_back_from_the_canonical_text():
    parse = read(page("[A] · Acme · Source", "``` is a fence.", "[B] · Corvid · Source Body."))
    assert [story.headline for story in parse.issue.stories] == ["A", "B"]
    assert found(parse, "open-fence") == [(6, "review")]
    assert parse_issue(write_canonical(parse.issue)).issue == parse.issue
