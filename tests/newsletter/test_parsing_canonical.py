"""Dates, front matter and the keys of canonical texts: what is wrong is said at its line."""

import pytest

from tests.newsletter.readings import STORY, canonical, found, hint, only, page, read

# --- Dates


def test_title_that_disagrees_with_front_matter_is_an_error_at_its_line():
    parse = read(canonical("# Engineering @ Scale — 2026-11-21", "## Deep Dives", STORY))
    assert found(parse, "title-disagrees") == [(5, "error")]


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "0000-01-01"])
def test_date_that_is_not_in_the_calendar_is_an_error(day):
    parse = read(page("[A] · Acme · Source Body.").replace("2026-11-20", day))
    assert parse.issue is None
    assert found(parse, "bad-date") == [(1, "error")]


def test_text_without_a_date_is_an_error():
    parse = read("Deep Dives#\n[A] · Acme · Source Body.")
    assert parse.issue is None
    assert found(parse, "no-title") == [(1, "error")]


@pytest.mark.parametrize(
    ("matter", "code", "line"),
    [
        (("kind: daily", "date: tomorrow"), "bad-date", 3),
        (("kind: montly", "date: 2026-11-20"), "bad-kind", 2),
        (("kind: weekly", "date: 2026-11-20"), "key-of-other-kind", 3),
        (("kind: weekly", "end: 2026-11-20"), "no-date", 2),
        (("kind: daily", "date: 2026-11-20", "subjet: x"), "unknown-key", 4),
        (("kind: daily", "date: 2026-11-20", "date: 2026-11-20"), "key-twice", 4),
        (("kind: daily", "date: 2026-11-20", "what is this"), "bad-front-matter", 4),
    ],
)
def test_bad_front_matter_is_an_error_at_its_line(matter, code, line):
    parse = read(canonical("## Deep Dives", STORY, matter=matter))
    assert found(parse, code) == [(line, "error")]


def test_front_matter_without_an_end_is_an_error():
    assert found(read("---\nkind: daily\n"), "open-front-matter") == [(1, "error")]


def test_week_that_ends_before_it_starts_is_an_error():
    matter = ("kind: weekly", "start: 2026-11-21", "end: 2026-11-20")
    parse = read(canonical("## Top Stories", STORY, matter=matter))
    assert parse.issue is None
    assert found(parse, "ends-before-start") == [(1, "error")]


@pytest.mark.parametrize(("start", "told"), [("2026-11-14", 0), ("2026-11-07", 1)])
def test_week_of_other_than_seven_days_is_a_warning(start, told):
    matter = ("kind: weekly", f"start: {start}", "end: 2026-11-20")
    parse = read(canonical("## Top Stories", STORY, matter=matter))
    assert len(found(parse, "not-seven-days")) == told


def test_front_matter_may_stand_above_a_pasted_page():
    parse = read("---\nsubject: Hello\n---\n" + page("[A] · Acme · Source Body."))
    assert parse.issue.subject == "Hello"
    assert only(parse) == ("A", "Acme", "Body.")
    assert parse.diagnostics == ()


# --- Canonical texts


def test_keys_stand_straight_under_a_heading_and_a_body_after_a_blank_line():
    parse = read(
        canonical(
            "## Signal of the Day",
            "about: A",
            "",
            "What matters.",
            "## Deep Dives",
            "### A",
            "company: Acme",
            "sources: acme, corvid?",
            "url: https://example.com/",
            "",
            "company: this is the body",
        )
    )
    story = parse.issue.stories[0]
    assert parse.issue.opening_about == "A"
    assert (story.company, story.url) == ("Acme", "https://example.com/")
    assert [(ref.slug, ref.confirmed) for ref in story.sources] == [
        ("acme", True),
        ("corvid", False),
    ]
    assert story.body == "company: this is the body"


@pytest.mark.parametrize(
    ("line", "code", "level"),
    [
        ("compny: Acme", "unknown-key", "error"),
        ("sources: acme, ?", "bad-sources", "error"),
        ("sources: acme, acme", "source-twice", "warning"),
        ("url: example.com", "bad-url", "warning"),
        ("url: https://example.com/" + "a" * 2000, "long-url", "error"),
        ("from: somewhere", "bad-from", "error"),
    ],
)
def test_bad_key_line_is_reported_at_its_line(line, code, level):
    parse = read(canonical("## Deep Dives", "### A", line, "", "Body."))
    assert found(parse, code) == [(7, level)]


def test_unknown_key_gets_a_did_you_mean():
    parse = read(canonical("## Deep Dives", "### A", "compny: Acme", "", "Body."))
    assert hint(parse, "unknown-key") == "Did you mean “company”?"


def test_question_mark_alone_means_unattributed():
    story = read(canonical("## Deep Dives", "### A", "sources: ?", "", "Body.")).issue.stories[0]
    assert (story.unattributed, story.sources) == (True, ())


def test_fenced_code_may_hold_headings():
    body = "```\n## Deep Dives\n### B\n```"
    parse = read(canonical("## Deep Dives", "### A", "", body))
    assert only(parse)[2] == body


def test_story_lines_pasted_under_canonical_ones_are_read_and_reported():
    parse = read(canonical("## Deep Dives", STORY, "", "[B] · Acme · Source Other body."))
    assert [story.headline for story in parse.issue.stories] == ["A", "B"]
    assert found(parse, "story-line-in-body") == [(10, "review")]


def test_html_in_a_body_is_kept_as_text_with_a_warning():
    parse = read(canonical("## Deep Dives", "### A", "", "An <b>important</b> body."))
    assert only(parse)[2] == "An <b>important</b> body."
    assert found(parse, "html-as-text") == [(6, "warning")]


@pytest.mark.parametrize("body", ["Use `<b>` here.", "1 < 2 > 0", "```\n<b>\n```"])
def test_angle_brackets_in_code_or_sums_are_not_warned_about(body):
    assert not found(read(canonical("## Deep Dives", "### A", "", body)), "html-as-text")
