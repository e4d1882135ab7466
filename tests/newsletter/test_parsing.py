"""What parsing says about a text, line by line."""

import pytest

from newsletter.parsing import parse_issue
from tests.newsletter.readings import LABELS, canonical, found, only, page, read


def test_plain_daily_is_read_without_a_word():
    parse = read(page("[A] · Acme · Source Body of it.", "[B] · Corvid · Source Other body."))
    assert parse.diagnostics == ()
    assert parse.issue.opening == "What matters."
    assert parse.issue.patterns == "All did alike."
    assert [story.key for story in parse.issue.stories] == ["a", "b"]


@pytest.mark.parametrize("text", ["", "\n \n", "\ufeff", "\u200b\n"])
def test_empty_text_is_an_error(text):
    parse = read(text)
    assert parse.issue is None
    assert found(parse, "empty") == [(1, "error")]


# --- Whole issues


def test_missing_parts_are_warnings_and_no_story_is_an_error():
    parse = read(canonical("# Engineering @ Scale — 2026-11-20"))
    assert [level for _line, level in found(parse, "no-section")] == ["warning", "warning"]
    assert found(parse, "no-story") == [(1, "error")]


@pytest.mark.parametrize(("length", "levels"), [(120, []), (121, ["warning"]), (200, ["warning"])])
def test_long_headline_is_a_warning(length, levels):
    parse = read(canonical("## Deep Dives", "### " + "a" * length, "", "Body."))
    assert [level for _line, level in found(parse, "long-headline")] == levels


def test_headline_that_does_not_fit_is_an_error():
    parse = read(canonical("## Deep Dives", "### " + "a" * 201, "", "Body."))
    assert found(parse, "long-headline") == [(6, "error")]


def test_same_headline_twice_is_a_warning_and_the_second_key_differs():
    parse = read(page("[A b] · Acme · Source One.", "[A B] · Acme · Source Two."))
    assert [story.key for story in parse.issue.stories] == ["a-b", "a-b-2"]
    assert found(parse, "headline-twice") == [(6, "warning")]


def test_story_without_a_body_or_a_headline_is_reported():
    parse = read(page("[A] · Acme · Source", "[] · Acme · Source Body."))
    assert found(parse, "no-body") == [(5, "review")]
    assert found(parse, "no-headline") == [(6, "error")]


def test_title_of_another_publication_is_a_warning():
    parse = parse_issue(page("[A] · Acme · Source B."), labels=LABELS, publication="Other")
    assert found(parse, "other-publication") == [(1, "warning")]


# --- Threads


def weekly(*lines):
    return "\n".join(
        [
            "Engineering @ Scale — Week of 2026-11-14 to 2026-11-20#",
            "Week in Review#",
            "What a week.",
            "Top Stories#",
            "[A] · Acme · Source Body.",
            "Developing Threads#",
            *lines,
            "Patterns Across Companies#",
            "All did alike.",
        ]
    )


@pytest.mark.parametrize(
    ("line", "thread"),
    [
        ("Taming Queues at Night Teams go on.", ("Taming Queues at Night", "Teams go on.")),
        (
            "Taming Queues As Rust grows older, all wait.",
            ("Taming Queues", "As Rust grows older, all wait."),
        ),
        (
            "Taming Queues Acme and Corvid moved their boats.",
            ("Taming Queues", "Acme and Corvid moved their boats."),
        ),
        (
            "The Rise of eBPF Across the board it is.",
            ("The Rise of eBPF", "Across the board it is."),
        ),
        ("The Fall of the Lock Nobody waits now.", ("The Fall of the Lock", "Nobody waits now.")),
        ("A Title\nThe body is long enough now.", ("A Title", "The body is long enough now.")),
    ],
)
def test_guessed_title_of_a_thread_is_reported(line, thread):
    parse = read(weekly(line))
    assert [(each.title, each.body) for each in parse.issue.threads] == [thread]
    assert found(parse, "guessed-title") == [(7, "review")]


@pytest.mark.parametrize(
    "line", ["**A title** The body.", "**A title**\nThe body.", "[A title] The body."]
)
def test_marked_title_of_a_thread_is_certain(line):
    parse = read(weekly(line))
    assert [(each.title, each.body) for each in parse.issue.threads] == [("A title", "The body.")]
    assert parse.diagnostics == ()


# --- HTML


def test_web_page_becomes_markdown_with_the_lines_of_the_file():
    parse = read(
        "<h1>Engineering @ Scale — 2026-11-20</h1>\n<h2>Deep Dives</h2>\n"
        "<script>alert(1)</script>\n"
        "<p><strong>[A &amp; B &lt;x&gt;]</strong> · Acme · "
        '<a href="https://example.com/?a=1&amp;b=2">Source</a>\n'
        "Runs <code>git clone</code>, <em>fast</em>,\nsee <a href='https://example.com'>this</a>."
        "</p>\n<ul><li>one</li><li>two</li></ul><pre>## code\n  x</pre>"
    )
    story = parse.issue.stories[0]
    assert (story.headline, story.line) == ("A & B <x>", 4)
    assert story.url == "https://example.com/?a=1&b=2"
    assert story.body == (
        "Runs `git clone`, *fast*, see [this](https://example.com).\n\n- one\n- two\n\n"
        "```\n## code\n  x\n```"
    )
    assert found(parse, "html-removed") == [(3, "warning")]


def test_characters_of_a_page_that_markdown_would_read_as_marks_are_escaped():
    parse = read(
        "<h1>Engineering @ Scale — 2026-11-20</h1><h2>Deep Dives</h2>"
        "<p><b>[A]</b> · Acme · <a href='#'>Source</a> 2*3*4, __init__, snake_case, a * b</p>"
    )
    assert only(parse)[2] == r"2\*3\*4, \_\_init\_\_, snake_case, a * b"


def test_canonical_text_with_html_in_it_is_not_taken_for_a_page():
    parse = read(canonical("## Deep Dives", "### A", "", "<p>Body.</p>"))
    assert only(parse)[2] == "<p>Body.</p>"
