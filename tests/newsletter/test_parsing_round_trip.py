"""Parse → canonical → parse gives the same issue, whatever stands in it."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from newsletter.parsing import (
    ParsedIssue,
    ParsedStory,
    ParsedThread,
    SourceRef,
    normal_form,
    parse_issue,
    write_canonical,
)
from newsletter.parsing.bodies import normal_body, written_body
from tests.newsletter.digests import CERTAIN, LABELS, page, stories

anything = st.text(max_size=60)
LINES = ["## Deep Dives", "### A story", "# Engineering @ Scale — 2026-11-20", "company: Acme"]
LINES += [
    "sources: ?",
    "```",
    "```python",
    "~~~",
    "````",
    "[A] · Acme · Source text",
    "> quote",
    "",
]
LINES += ["**[A]** · Acme · [Source](https://example.com/)", " ## One space", "  ### Two", "- item"]
LINES += [
    "    # four",
    "\t# tab",
    "A · B · C",
    "\\## escaped",
    "שלום עולם",
    "📰 emoji",
    "日本語",
    "…",
]
LINES += ["- ```", "  ```", "1. one", "***", "<b>bold</b>", "`## code`", "text  ", "Sources", "- a"]
LINES += ["note: a line like a key", "#hashtag", "#", "##", "   ### three", "|a|b|", "---", "> ```"]
lines = st.sampled_from(LINES)
bodies = st.one_of(anything, st.lists(lines | anything, max_size=8).map("\n".join))
slugs = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,5})?", fullmatch=True)
refs = st.lists(
    st.builds(SourceRef, slugs, st.booleans()), max_size=3, unique_by=lambda ref: ref.slug
).map(tuple)
parsed_stories = st.builds(
    ParsedStory,
    key=st.just(""),
    headline=anything,
    company=anything,
    body=bodies,
    url=st.sampled_from(["", "https://example.com/a_(b)?c=d&e=f#g", "http://example.com"]),
    sources=refs,
    unattributed=st.booleans(),
    taken_from=st.sampled_from(["", "daily-2026-11-20/some-key"]),
)
parsed_threads = st.builds(ParsedThread, key=st.just(""), title=anything, body=bodies)
issues = st.builds(
    ParsedIssue,
    kind=st.sampled_from(["daily", "weekly"]),
    period_start=st.just(date(2026, 11, 20)),
    period_end=st.just(date(2026, 11, 20)),
    subject=anything,
    opening=bodies,
    opening_about=anything,
    stories=st.lists(parsed_stories, max_size=3).map(tuple),
    threads=st.lists(parsed_threads, max_size=2).map(tuple),
    patterns=bodies,
    listed_sources=st.lists(anything, max_size=3).map(tuple),
)


@settings(max_examples=400)
@given(issue=issues)
def test_any_issue_comes_back_from_its_canonical_text_in_normal_form(issue):
    assert parse_issue(write_canonical(issue)).issue == normal_form(issue)


@given(issue=issues)
def test_normal_form_is_its_own_normal_form(issue):
    assert normal_form(normal_form(issue)) == normal_form(issue)


@given(issue=issues)
def test_canonical_text_of_a_parsed_issue_is_the_same_text_again(issue):
    text = write_canonical(issue)
    assert write_canonical(parse_issue(text).issue) == text


@given(told=st.lists(stories, min_size=1, max_size=4))
def test_pasted_page_comes_back_from_its_canonical_text(told):
    parsed = parse_issue(page([CERTAIN[1](story) for story in told]), labels=LABELS).issue
    assert parse_issue(write_canonical(parsed)).issue == parsed


@settings(max_examples=300)
@given(body=st.lists(lines, max_size=6).map("\n".join).map(normal_body))
def test_space_before_a_line_like_a_heading_renders_the_same(body):
    render = MarkdownIt("commonmark", {"html": False}).render
    assert render(written_body(body)) == render(body)


@pytest.mark.parametrize(
    "body",
    [
        "```\n## inside\n### too\n```\nafter",
        "~~~~\n```\n## x\n~~~\n~~~~",
        "### Begins like a story\n\ntext",
        "## Deep Dives",
        "company: not a key\n\ntext",
        "---\n\ntext",
        "One.\n\nTwo.\n\n- a\n- b\n\n> c",
        "[Another] · Acme · Source looks like a story",
        "    ## indented code stays code",
        "- ```\n  ## in a list\n  ```\n- b",
        "- ```\n## ends the list",
        "مرحبا بالعالم",
    ],
)
def test_body_is_kept_to_the_letter(body):
    story = ParsedStory("a", "A", body=body)
    day = date(2026, 11, 20)
    issue = ParsedIssue("daily", day, day, opening=body, patterns=body, stories=(story,))
    found = parse_issue(write_canonical(issue)).issue
    assert (found.opening, found.patterns, found.stories[0].body) == (body, body, body)
    assert len(found.stories) == 1


def test_fence_that_a_body_leaves_open_is_closed_and_swallows_no_story():
    day = date(2026, 11, 20)
    told = (ParsedStory("a", "A", body="```\ncode"), ParsedStory("b", "B", body="text"))
    found = parse_issue(write_canonical(ParsedIssue("daily", day, day, stories=told))).issue
    assert [story.body for story in found.stories] == ["```\ncode\n```", "text"]


def test_weekly_keeps_everything_that_it_can_hold():
    weekly = ParsedIssue(
        "weekly",
        date(2026, 11, 14),
        date(2026, 11, 20),
        subject="Builds, faster: a week of it",
        opening="What a week.",
        opening_about="A",
        stories=(
            ParsedStory(
                "a-story",
                "A story",
                "Acme & Borealis",
                "Body.",
                "https://example.com/a",
                (SourceRef("acme"), SourceRef("borealis", False)),
                taken_from="daily-2026-11-18/a-story",
            ),
            ParsedStory("b-story", "B story", unattributed=True, body="Body."),
        ),
        threads=(ParsedThread("a-thread", "A thread", "How it went on."),),
        patterns="All did alike.",
        listed_sources=("Acme Blog", "The Batch | AI | News & Insights"),
    )
    parse = parse_issue(write_canonical(weekly))
    assert parse.issue == weekly
    assert parse.diagnostics == ()
    assert parse_issue(write_canonical(replace(weekly, subject=""))).issue.subject == ""
