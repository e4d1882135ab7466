"""Texts made to hurt: read in bounded time, without an exception, and said to be wrong."""

import time

import pytest

from newsletter.parsing import parse_issue, write_canonical

SIZE = 2_000_000
# Each takes well under a second on the machine it was measured on; a quadratic walk over
# this size takes minutes.
# A guard, no measure: what is read twice for every line of itself takes hours of the processor.
CPU_SECONDS = 60
HEAD = "Engineering @ Scale — 2026-11-20#\nDeep Dives#\n"
FRONT = "---\nkind: daily\ndate: 2026-11-20\n---\n## Deep Dives\n"

TEXTS = {
    "one line": HEAD + "A · B " + "word " * (SIZE // 5),
    "one line of capitals": HEAD + "A · " + "Word " * (SIZE // 5),
    "only spaces": " " * SIZE,
    "only separators": HEAD + "·" * SIZE,
    "spaced separators": HEAD + " · " * (SIZE // 3),
    "story lines": HEAD + "Head · Co body text.\n" * 90_000,
    "stories on one line": HEAD + "[Head] · Co · Source body. " * 70_000,
    "opening brackets": HEAD + "[" * SIZE,
    "closing brackets": HEAD + "[" + "]" * SIZE,
    "bold marks": HEAD + "**" * (SIZE // 2),
    "headings": "# x\n" * 100_000,
    "known headings": "## Deep Dives\n" * 100_000,
    "story headings": FRONT + "### x\n" * 100_000,
    "hash marks": "#" * SIZE,
    "hash marks and a letter": "#" * (SIZE // 2) + "x" + "#" * (SIZE // 2),
    "quotes": HEAD + "> " * (SIZE // 2),
    "fences": FRONT + "### x\n\n" + "```a\n~~~ b\n" * (SIZE // 11),
    "links": HEAD + "a · b · [x](" * (SIZE // 12),
    "link with parentheses": HEAD + "a · b · [x](" + "a()" * (SIZE // 3),
    "backquotes": HEAD + "[A] · B · Source <" + "`" * SIZE,
    "open tags": HEAD + "[A] · B · Source " + "<b " * (SIZE // 3) + ">",
    "glued headings": ". Deep Dives#" * (SIZE // 13),
    "control characters": HEAD + "\x00\n" * (SIZE // 4),
    "nested paragraphs": "<p>" * (SIZE // 3),
    "nested marks": "<p>" + "<strong>a" * 40_000,
    "nested links": "<p>" + '<a href="https://example.com">a' * 40_000,
    "nested blocks": "<div>" * 40_000 + "x",
    "open comments": "<p>\n" + "<!--" * 12_000 + "x" * SIZE,
    "broken tags": "<p>\n" + "<" * 40_000 + "a" * SIZE,
    "open attributes": "<p>\n" + '<a b="' * 40_000 + ">" + "a" * SIZE,
    "open scripts": "<script>" * 40_000 + "</" * (SIZE // 4),
    "threads": "Engineering @ Scale — Week of 2026-11-14 to 2026-11-20\nDeveloping Threads#\n"
    + "Some Title Here and then it goes on.\n" * 50_000,
    "keys": "---\n" + "a: b\n" * (SIZE // 5) + "---\n",
    "listed sources": "Sources\n" + "- a\n" * (SIZE // 4),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_hostile_text_is_read_in_bounded_time_and_reported(text):
    started = time.process_time()
    parse = parse_issue(text)
    if parse.issue:
        write_canonical(parse.issue)
    assert time.process_time() - started < CPU_SECONDS
    assert parse.diagnostics


def test_more_stories_than_an_issue_can_have_are_an_error():
    parse = parse_issue(HEAD + "[Head] · Co · Source body.\n" * 1000)
    assert "too-many-stories" in {found.code for found in parse.diagnostics}


def test_a_code_that_comes_very_often_is_counted_and_not_repeated():
    parse = parse_issue(HEAD + "[A] · B · Source c.\x01\n" + "x\x01\n" * 5000)
    found = [each for each in parse.diagnostics if each.code == "control-character"]
    assert len(found) == 501
    assert found[-1].message == "And so 4501 more times."


def test_control_characters_are_removed_and_reported_with_their_line():
    parse = parse_issue(HEAD + "[A\x00\x1b\x85b] · C\ud800\ufffe · Source d.")
    story = parse.issue.stories[0]
    assert (story.headline, story.company) != ("", "")
    assert not set("\x00\x1b\ud800\ufffe") & set(repr(story))
    assert 3 in {each.line for each in parse.diagnostics if each.code == "control-character"}


def test_characters_that_turn_text_around_are_removed_with_a_warning():
    parse = parse_issue(HEAD + "[Pay \u202eevil\u2066] · Acme · Source Body.")
    assert parse.issue.stories[0].headline == "Pay evil"
    assert [(d.line, d.level) for d in parse.diagnostics if d.code == "bidi-override"] == [
        (3, "warning")
    ]


def test_direction_marks_and_emoji_stay():
    parse = parse_issue(HEAD + "[שלום 👩‍💻] · Acme · Source Body \u200fof it.")
    story = parse.issue.stories[0]
    assert (story.headline, story.body) == ("שלום 👩‍💻", "Body \u200fof it.")
