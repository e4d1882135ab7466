"""Headings of sections, and the text around them: what they lead to and what is said."""

from tests.newsletter.readings import found, hint, only, page, read


def test_headings_glued_to_paragraphs_are_found_and_reported():
    parse = read(
        "Engineering @ Scale — 2026-11-20#\nSignal of the Day#\nWhat matters.Deep Dives#\n"
        "[A] · Acme · Source Body.Patterns Across Companies#\nAll did alike.Sources\n- Acme"
    )
    assert only(parse) == ("A", "Acme", "Body.")
    assert (parse.issue.opening, parse.issue.patterns) == ("What matters.", "All did alike.")
    assert parse.issue.listed_sources == ("Acme",)
    assert found(parse, "glued-heading") == [(3, "review"), (4, "review"), (5, "review")]


def test_page_on_a_single_line_is_read_and_reported():
    parse = read(page("[A] · Acme · Source Body.").replace("\n", " "))
    assert only(parse) == ("A", "Acme", "Body.")
    assert found(parse, "glued-heading")


def test_second_issue_in_one_text_is_an_error():
    parse = read(page("[A] · Acme · Source Body.") + page("[B] · Acme · Source Body."))
    assert found(parse, "second-title") == [(7, "error")]


def test_section_that_is_nearly_known_is_read_as_that_and_reported():
    parse = read(page("[A] · Acme · Source Body.").replace("Patterns", "Paterns"))
    assert parse.issue.patterns == "All did alike."
    assert found(parse, "unknown-section") == [(6, "review")]
    assert hint(parse, "unknown-section") == "Did you mean “Patterns Across Companies”?"


def test_stories_of_an_unknown_section_are_kept_and_reported():
    parse = read(page("[A] · Acme · Source Body.", "Quick Hits#", "[B] · Acme · Source Body."))
    assert [story.headline for story in parse.issue.stories] == ["A", "B"]
    assert found(parse, "unknown-section") == [(6, "review")]


def test_text_of_an_unknown_section_is_an_error():
    parse = read(page("[A] · Acme · Source Body.", "Editor’s Corner#", "Thank you all."))
    assert found(parse, "unknown-section") == [(6, "error")]
    assert found(parse, "text-outside") == [(7, "review")]


def test_section_of_the_other_kind_is_read_with_a_warning():
    parse = read(page("[A] · Acme · Source Body.").replace("Deep Dives", "Top Stories"))
    assert only(parse)[0] == "A"
    assert found(parse, "section-of-other-kind") == [(4, "warning")]


def test_text_around_a_digest_is_reported_line_by_line():
    parse = read("Home\nArchive\n" + page("Welcome all", "[A] · Acme · Source Body."))
    assert found(parse, "text-outside") == [(1, "review"), (2, "review"), (7, "review")]


def test_headings_and_dates_of_the_page_above_the_title_are_left_out_and_reported():
    parse = read("# My site\nUpdated — 2026-11-19\n" + page("[A] · Acme · Source Body."))
    assert f"{parse.issue.period_end}" == "2026-11-20"
    assert only(parse)[0] == "A"
    assert found(parse, "text-outside") == [(1, "review")]
    assert found(parse, "other-publication") == [(2, "warning")]
    assert not parse.has_errors


def test_setext_and_bold_headings_are_read():
    text = (
        "Engineering @ Scale — 2026-11-20\n====\n\n**Deep Dives**\n\n[A] · Acme · Source Body.\n\n"
        "Patterns Across Companies\n---\nAll did alike.\n"
    )
    parse = read(text)
    assert only(parse)[2] == "Body."
    assert parse.issue.patterns == "All did alike."
