"""Titles, sections and threads in the ways that pages write them."""

import pytest

from newsletter.parsing import parse_issue

LABELS = frozenset({"Acme", "Corvid"})
STORY = "[A] · Acme · Source The body ends here."


def daily(*lines, title="Engineering @ Scale — 2026-11-20#"):
    return "\n".join([title, *lines])


def weekly(*threads, title="Engineering @ Scale — Week of 2026-11-14 to 2026-11-20#", head=None):
    return "\n".join(
        [
            *(title, "Week in Review#", "What a week.", "Top Stories#", STORY),
            *(head or "Developing Threads#", *threads),
            *("Patterns Across Companies#", "All did alike."),
        ]
    )


def read(text):
    return parse_issue(text, labels=LABELS)


def found(parse, code):
    return [(each.line, each.level) for each in parse.diagnostics if each.code == code]


def threads(parse):
    return [(thread.title, thread.body) for thread in parse.issue.threads]


# --- Titles


@pytest.mark.parametrize(
    "title",
    [
        "Engineering @ Scale: 2026-11-20",
        "Engineering @ Scale — 2026/11/20",
        "Engineering @ Scale—2026-11-20",
        "Engineering @ Scale — 2026-11-20 | My Site",
        "## Engineering @ Scale: 2026-11-20",
    ],
)
def test_title_of_a_daily_is_read_in_many_spellings(title):
    parse = read(daily("Deep Dives#", STORY, title=title))
    assert (parse.issue.kind, f"{parse.issue.period_end}") == ("daily", "2026-11-20")


@pytest.mark.parametrize("joint", [" to ", " through ", " – ", "–"])
def test_title_of_a_weekly_is_read_with_any_word_between_its_days(joint):
    title = f"Engineering @ Scale — Week of 2026-11-14{joint}2026-11-20"
    issue = read(weekly(title=title)).issue
    assert (f"{issue.period_start}", f"{issue.period_end}") == ("2026-11-14", "2026-11-20")


def test_weekly_that_names_one_day_is_an_error():
    parse = read(weekly(title="Engineering @ Scale — Week of 2026-11-14"))
    assert parse.issue is None
    assert found(parse, "no-end") == [(1, "error")]


@pytest.mark.parametrize("year", ["1999", "2101", "0001", "9999"])
def test_year_that_no_issue_has_is_an_error_at_its_line(year):
    title = found(read(daily("Deep Dives#", STORY, title=f"Us — {year}-11-20")), "bad-year")
    assert title == [(1, "error")]
    matter = f"---\nkind: daily\ndate: {year}-11-20\n---\n## Deep Dives\n### A\n\nB."
    assert found(read(matter), "bad-year") == [(3, "error")]


@pytest.mark.parametrize("year", ["2000", "2100"])
def test_first_and_last_year_are_read(year):
    assert read(daily("Deep Dives#", STORY, title=f"Us — {year}-11-20")).issue


# --- Sections


@pytest.mark.parametrize(
    "line",
    [
        "Signal of the Day: What matters.",
        "**Signal of the Day:** What matters.",
        "**Signal of the Day**: What matters.",
        "## Signal of the Day: What matters.",
    ],
)
def test_signal_on_the_line_of_its_heading_is_kept(line):
    parse = read(daily(line, "Deep Dives#", STORY))
    assert parse.issue.opening == "What matters."
    assert len(parse.issue.stories) == 1


@pytest.mark.parametrize(
    "heading", ["🔥 Deep Dives", "Deep Dives (2)", "## 🔥 Deep Dives (12)", "**Deep Dives**:"]
)
def test_heading_may_be_decorated(heading):
    parse = read(daily("Signal of the Day#", "What matters.", heading, STORY))
    assert parse.issue.opening == "What matters."
    assert not found(parse, "unknown-section")


def test_name_of_a_section_torn_out_of_a_sentence_is_text_and_reported():
    parse = read(daily("Deep Dives#", "[A] · Acme · Source It is on", "Top Stories", "each day."))
    assert parse.issue.stories[0].body == "It is on Top Stories each day."
    assert found(parse, "word-like-a-heading") == [(4, "review")]


def test_section_with_more_words_than_it_should_have_is_found_without_a_mark():
    parse = read(weekly("**Agents** The team did it.", head="Developing Threads & Signals"))
    assert threads(parse) == [("Agents", "The team did it.")]
    assert parse.issue.stories[0].body == "The body ends here."
    assert found(parse, "unknown-section") == [(6, "review")]


def test_nearly_known_section_is_told_once():
    parse = read(daily("Deep Dives#", STORY, "Deep Dive Stories#", STORY.replace("A]", "B]")))
    codes = [each.code for each in parse.diagnostics if each.line == 4]
    assert codes == ["unknown-section"]
    assert len(parse.issue.stories) == 2


# --- Threads


def test_titles_with_permalinks_are_threads():
    parse = read(weekly("Taming Queues#", "Teams go on.", "Saving Locks#", "Nobody waits."))
    assert threads(parse) == [("Taming Queues", "Teams go on."), ("Saving Locks", "Nobody waits.")]
    assert not parse.has_errors


def test_bold_word_at_the_start_of_a_paragraph_begins_no_thread():
    parse = read(
        weekly(
            "**Agents** All teams agreed.", "", "**Figma** implemented it.", "", "**Safety** Done."
        )
    )
    assert threads(parse) == [
        ("Agents", "All teams agreed.\n\n**Figma** implemented it."),
        ("Safety", "Done."),
    ]
    assert found(parse, "further-paragraph") == [(9, "review")]


def test_story_line_among_threads_is_a_thread_without_its_company_and_reported():
    parse = read(weekly("[Agents] · Acme · Source The team did it."))
    assert threads(parse) == [("Agents", "The team did it.")]
    assert found(parse, "story-among-threads") == [(7, "review")]


def test_title_of_a_thread_may_be_in_italics():
    parse = read(weekly("*Agents at Work*", "The team did it in a week."))
    assert threads(parse) == [("Agents at Work", "The team did it in a week.")]
