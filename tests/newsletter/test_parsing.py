"""What parsing says about a text, line by line."""

import pytest

from newsletter.parsing import parse_issue
from newsletter.parsing.keys import key_of, unique_keys
from newsletter.parsing.labels import LabelTable, split_label

LABELS = frozenset({"Acme", "Borealis", "Borealis Cloud", "Corvid", "DeepLens.AI", "O'Hare Labs"})


def page(*lines):
    head = [
        "Engineering @ Scale — 2026-11-20#",
        "Signal of the Day#",
        "What matters.",
        "Deep Dives#",
    ]
    return "\n".join([*head, *lines, "Patterns Across Companies#", "All did alike."])


def canonical(*lines, matter=("kind: daily", "date: 2026-11-20")):
    return "\n".join(["---", *matter, "---", *lines])


def read(text):
    return parse_issue(text, labels=LABELS)


def found(parse, code):
    return [(each.line, each.level) for each in parse.diagnostics if each.code == code]


def hint(parse, code):
    return next(each.hint for each in parse.diagnostics if each.code == code)


def only(parse):
    (story,) = parse.issue.stories
    return story.headline, story.company, story.body


STORY = "### A\n\nBody."


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


# --- Boundaries


@pytest.mark.parametrize(
    ("line", "story"),
    [
        ("A · Acme The body is here.", ("A", "Acme", "The body is here.")),
        ("A · Borealis Cloud The body is.", ("A", "Borealis Cloud", "The body is.")),
        ("A · acme · Source The body.", ("A", "acme", "The body.")),
        ("A · Acme & Corvid The body is.", ("A", "Acme & Corvid", "The body is.")),
        ("A · O’Hare Labs The body is here.", ("A", "O’Hare Labs", "The body is here.")),
        ("[A [b] · c] · Acme · Source Body.", ("A [b] · c", "Acme", "Body.")),
        ("[A] b] · Acme · Source Body.", ("A] b", "Acme", "Body.")),
        ("[a] or [b] · Acme The body is.", ("[a] or [b]", "Acme", "The body is.")),
        ("From C to C# · Acme The body is.", ("From C to C#", "Acme", "The body is.")),
        ("[A] · Acme · Source It is in C#", ("A", "Acme", "It is in C#")),
        ("[A] · Acme · Source#\nThe body is.", ("A", "Acme", "The body is.")),
        ("**A** · Acme · [Source](#) Body.", ("A", "Acme", "Body.")),
        ("**[A](https://example.com/a)** · Acme\nThe body.", ("A", "Acme", "The body.")),
    ],
)
def test_certain_boundary_is_not_reported(line, story):
    parse = read(page(line))
    assert only(parse) == story
    assert parse.diagnostics == ()


@pytest.mark.parametrize(
    ("line", "story"),
    [
        ("A · Dunlin Works Dunlin Works did it.", ("A", "Dunlin Works", "Dunlin Works did it.")),
        ("Dunlin Ink · Dunlin Ink The body is.", ("Dunlin Ink", "Dunlin Ink", "The body is.")),
        ("A · Dunlin The body is here.", ("A", "Dunlin", "The body is here.")),
        ("A · Acme Web Services Deploying it.", ("A", "Acme", "Web Services Deploying it.")),
        ("A · Acme / Ecosystem The body is.", ("A", "Acme / Ecosystem", "The body is.")),
        ("A · Dunlin Ink & Acme The body is.", ("A", "Dunlin Ink & Acme", "The body is.")),
        ("A · Acme Research kubectl lets it.", ("A", "Acme", "Research kubectl lets it.")),
        ("A · B · Acme The body is here.", ("A · B", "Acme", "The body is here.")),
        ("[A] · Acme · SourceThe body.", ("A", "Acme", "The body.")),
        ("[A] · [Source](https://example.com/) Body.", ("A", "", "Body.")),
    ],
)
def test_guessed_boundary_is_reported_at_its_line(line, story):
    parse = read(page(line))
    assert only(parse) == story
    assert found(parse, "guessed-boundary") == [(5, "review")]


def test_longest_known_label_wins():
    table = LabelTable(["Amber", "Amber Web Services"])
    boundary = split_label("Amber Web Services They run it.", "A", table)
    assert (boundary.label, boundary.rest) == ("Amber Web Services", "They run it.")


@pytest.mark.parametrize(
    "text",
    [
        "Amber 365 Teams can now sign.",
        "Amber re:Union Talks are online.",
        "Amber | Borealis The talk is online.",
        "Amber × Borealis The talk is online.",
        "Amber (Borealis) etcd clusters fall over.",
        "Amber Dash “small” models win.",
        "Amber Dash npm packages were signed.",
        "Amber Tides Studio lets teams draw.",
    ],
)
def test_known_label_that_may_end_elsewhere_is_reported(text):
    table = LabelTable(["Amber", "Amber Tides", "Borealis"])
    assert split_label(text, "A", table).doubt


@pytest.mark.parametrize(
    "text",
    [
        "Amber 80,000 requests came.",
        "Amber 99.9% Availability costs.",
        "Amber eBPF programs count them.",
        "Amber Tides The body is here.",
        "Amber Tides To be here is the aim.",
        "Amber / Amber Tides When boats come, they wait.",
        "Amber & Borealis Boats come and wait.",
    ],
)
def test_known_label_before_an_ordinary_sentence_is_certain(text):
    table = LabelTable(["Amber", "Amber Tides", "Borealis"])
    assert not split_label(text, "A", table).doubt


def test_label_that_goes_on_in_headline_or_body_is_reported():
    table = LabelTable(["Amber"])
    boundary = split_label("Amber Seas they run it, says Amber Seas.", "A", table)
    assert boundary.doubt


def test_label_in_lower_case_is_matched_only_as_it_is_spelled():
    assert LabelTable(["eGret"]).knows("eGret")
    assert not LabelTable(["Meta"]).knows("meta")


def test_body_torn_at_inline_code_is_joined():
    text = page("A · Acme The team runs\ngit clone\n, then (\n--depth\n) and the\nX_HOOK\nhook.")
    assert only(read(text))[2] == "The team runs git clone, then (--depth) and the X_HOOK hook."


def test_several_stories_on_one_line_are_parted_and_reported():
    parse = read(page("[A] · Acme · Source Body one.[B] · Corvid · Source Body two."))
    assert [story.body for story in parse.issue.stories] == ["Body one.", "Body two."]
    assert found(parse, "stories-on-one-line") == [(5, "review")]


def test_separator_left_in_a_body_is_reported():
    parse = read(page("[A] · Acme · Source Body one. Some headline · Corvid The body two."))
    assert found(parse, "separator-in-body") == [(5, "review")]


@pytest.mark.parametrize("separator", [" • ", " ∙ ", " ・ ", " ·", "· ", "\u00a0·\u00a0", "  ·  "])
def test_separators_that_look_alike_are_read(separator):
    assert only(read(page(f"[A]{separator}Acme{separator}Source The body."))) == (
        "A",
        "Acme",
        "The body.",
    )


@pytest.mark.parametrize("line", ["[A headline] without one", "A headline of five words here"])
def test_headline_without_a_separator_is_not_swallowed_in_silence(line):
    parse = read(page("[A] · Acme · Source The body ends here.", line, "More of a body."))
    assert 6 in {each.line for each in parse.diagnostics if each.level == "review"}


def test_further_paragraph_is_kept_and_reported():
    parse = read(page("[A] · Acme · Source One.", "", "Another paragraph stands below it."))
    assert only(parse)[2] == "One.\n\nAnother paragraph stands below it."
    assert found(parse, "further-paragraph") == [(7, "review")]


def test_lost_link_and_unsafe_link_give_no_address():
    parse = read(
        page("**A** · Acme · [Source](#)\nBody.\n**B** · Acme · [Source](javascript:x)\nC.")
    )
    assert [story.url for story in parse.issue.stories] == ["", ""]
    assert found(parse, "bad-url") == [(7, "warning")]


def test_address_may_hold_parentheses():
    parse = read(page("**A** · Acme · [Source](https://example.com/a_(b))\nBody."))
    assert parse.issue.stories[0].url == "https://example.com/a_(b)"


# --- Headings


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


# --- Keys


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
