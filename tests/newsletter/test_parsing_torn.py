"""Story lines in pieces: torn headlines, by-lines, marks of lists and emphasis."""

import pytest

from newsletter.parsing import parse_issue, write_canonical

LABELS = frozenset({"Acme", "Borealis", "Corvid", "GitHub"})
FIRST = "[First] · Acme · Source The first body ends here."
FIRST_VALUES = ("First", "Acme", "The first body ends here.")
LAST = "[Last] · Corvid · Source The last body ends here."
LAST_VALUES = ("Last", "Corvid", "The last body ends here.")


def page(*lines):
    head = ["Engineering @ Scale — 2026-11-20#", "Signal of the Day#", "What matters."]
    return "\n".join(
        [*head, "Deep Dives#", FIRST, *lines, LAST, "Patterns Across Companies#", "All did alike."]
    )


def read(*lines):
    return parse_issue(page(*lines), labels=LABELS)


def values(parse):
    return [(story.headline, story.company, story.body) for story in parse.issue.stories]


def middle(*lines):
    """Return the story between the first and the last one, which both must be right."""
    found = values(read(*lines))
    assert (found[0], found[-1], len(found)) == (FIRST_VALUES, LAST_VALUES, 3)
    return found[1]


def doubted(parse):
    return {each.line for each in parse.diagnostics if each.level in ("error", "review")}


def found(parse, code):
    return [(each.line, each.level) for each in parse.diagnostics if each.code == code]


# --- Headlines torn at their code


@pytest.mark.parametrize("company", ["Dunlin", "eDunlin", "Corvid"])
@pytest.mark.parametrize(
    ("before", "after", "headline"),
    [
        (["Nets from", "knot_count"], "in use ·", "Nets from knot_count in use"),
        (["knot_count"], "in use ·", "knot_count in use"),
        (["Nets from", "knot_count"], "·", "Nets from knot_count"),
    ],
)
def test_torn_headline_of_any_company_is_whole_and_reported(before, after, headline, company):
    lines = [*before, f"{after} {company} Boats use it."]
    assert middle(*lines) == (headline, company, "Boats use it.")
    assert {6, 5 + len(lines)} <= doubted(read(*lines))


def test_code_with_a_separator_in_lower_case_stays_in_its_body():
    assert values(read("knot_count", "in use · as ever."))[0][2].endswith("in use · as ever.")
    assert doubted(read("knot_count", "in use · as ever."))


@pytest.mark.parametrize(
    ("lines", "headline"),
    [
        (["X_HOOK", "at work · Acme · Source Body."], "X_HOOK at work"),
        (["Using", "X_HOOK", "at work · Acme · Source Body."], "Using X_HOOK at work"),
        (["Using", "git clone", "at work · Acme Body."], "Using git clone at work"),
        (["Using", "", "hooks at work · Acme · Source Body."], "Using hooks at work"),
        (["[Using", "git clone", "well] · Acme · Source Body."], "Using git clone well"),
        (["**[Using", "git", "well]** · Acme · Source Body."], "Using git well"),
        (["[", "X_HOOK", "at work] · Acme · Source Body."], "X_HOOK at work"),
        (["[Made with", "X_HOOK", "] · Acme · Source Body."], "Made with X_HOOK"),
        (
            ["[A long headline goes", "over two] · Acme · Source B."],
            "A long headline goes over two",
        ),
        (
            ["A long headline goes over and", "on · Acme · Source B."],
            "A long headline goes over and on",
        ),
    ],
)
def test_torn_headline_is_put_together_and_every_piece_reported(lines, headline):
    assert middle(*lines)[:2] == (headline, "Acme")
    assert doubted(read(*lines)) >= {6, 5 + len(lines)}


def test_headline_that_may_be_torn_but_need_not_be_is_reported():
    parse = read("Some Words", "More Words · Acme · Source Body.")
    assert 7 in doubted(parse)


def test_headline_below_a_body_without_a_sentence_end_is_reported():
    parse = read("[B] · Acme · Source It is faster", "A headline · Corvid · Source Body.")
    assert found(parse, "torn-headline") == [(7, "review")]


def test_company_that_may_go_on_on_the_next_line_is_reported():
    assert found(read("A · Acme", "Cloud", "Keys are here."), "guessed-boundary") == [(6, "review")]


def test_separator_at_the_start_of_a_line_of_a_body_is_reported():
    parse = read("[A] · Acme · Source", "The body of it ends here.", "· Source More of it.")
    assert found(parse, "separator-in-body") == [(8, "review")]


def test_link_of_a_source_that_stands_elsewhere_is_reported():
    parse = read("**[A]** · Acme · [Source][1]", "The body is here.")
    assert found(parse, "guessed-boundary") == [(6, "review")]


def test_bracket_of_a_headline_without_a_partner_is_reported():
    parse = read("[Two views · Acme · Source Body.")
    assert found(parse, "guessed-boundary") == [(6, "review")]


@pytest.mark.parametrize("line", ["[1] is the reference.", "[a] or [b] both stand for it."])
def test_brackets_in_a_body_are_no_headline(line):
    assert middle("[A] · Acme · Source", line) == ("A", "Acme", line)


# --- Story lines torn at their separators


@pytest.mark.parametrize(
    ("lines", "company"),
    [
        (["[A] · Acme", "· Source Body."], "Acme"),
        (["[A] · Acme", "", "· Source Body."], "Acme"),
        (["[A] · Acme ·", "Source Body."], "Acme"),
        (["[A]", "· Acme · Source Body."], "Acme"),
        (["[A] · Acme", "·", "[Source](#)", "Body."], "Acme"),
        (["[A] · Acme", "&", "Corvid · Source Body."], "Acme & Corvid"),
        (["A · Acme", "/ Corvid · Source Body."], "Acme / Corvid"),
        (["A · Acme", "Cloud", "· Source Body."], "Acme Cloud"),
    ],
)
def test_story_line_torn_at_a_separator_is_put_together_and_reported(lines, company):
    assert middle(*lines) == ("A", company, "Body.")
    assert found(read(*lines), "torn-line")


# --- Marks


@pytest.mark.parametrize(
    "line",
    [
        "**[A b]** · *Acme* · [Source](#)",
        "**[A b]** · _Acme_ · [Source](#)",
        "**[A b]** · `Acme` · [Source](#)",
        "**[A b]** · [Acme](https://example.com) · [Source](#)",
        "*[A b]* · Acme · [Source](#)",
        "_A b_ · Acme · [Source](#)",
        "***[A b]*** · Acme · [Source](#)",
        "**[A *b*]** · Acme · [Source](#)",
        "**[A `b`]** · Acme · [Source](#)",
        "**[A** **b]** · Acme · [Source](#)",
        "[**[A b]**](https://example.com) · Acme · [Source](#)",
        "- A b · Acme · Source",
        "• A b · Acme · Source",
        "> A b · Acme · Source",
        "> - [A b] · Acme · Source",
        "12. A b · Acme · Source",
        "A b · Acme · Source ↗",
        "A b · Acme · Source —",
        "A b · Acme · Source: →",
    ],
)
def test_marks_of_lists_emphasis_and_links_leave_no_trace(line):
    assert middle(line, "The body is here.") == ("A b", "Acme", "The body is here.")
    assert middle(f"{line} The body is here.") == ("A b", "Acme", "The body is here.")


@pytest.mark.parametrize(
    ("headline", "plain"),
    [
        (r"Why C\# and \[draft\]", "Why C# and [draft]"),
        ("R&amp;D at work", "R&D at work"),
        ("Why __init__ matters", "Why __init__ matters"),
        ("2*3*4 and snake_case_name", "2*3*4 and snake_case_name"),
        ("**Bold** and **bold**", "Bold and bold"),
        ("`*args*` explained", "*args* explained"),
    ],
)
def test_headline_is_what_markdown_would_show(headline, plain):
    assert middle(f"[{headline}] · Acme · Source Body.") == (plain, "Acme", "Body.")


def test_canonical_headline_stays_as_it_is_written():
    text = "---\nkind: daily\ndate: 2026-11-20\n---\n## Deep Dives\n### *A* `b`\n\nBody."
    assert parse_issue(text).issue.stories[0].headline == "*A* `b`"


def test_list_item_with_a_separator_stays_in_the_body_and_is_reported():
    parse = read("[A] · Acme · Source Three:", "- reads · Corvid", "- writes")
    assert values(parse)[1] == ("A", "Acme", "Three:\n\n- reads · Corvid\n- writes")
    assert found(parse, "doubtful-story-line") == [(7, "review")]


# --- Headlines in headings


@pytest.mark.parametrize(
    ("lines", "reported"),
    [
        (["### A", "Acme · Source", "", "Body."], False),
        (["### [A]", "**Acme** · [Source](https://example.com)", "", "Body."], False),
        (["### [A](https://example.com)", "Acme · Source", "", "Body."], False),
        (["### **A**", "Acme · Source Body."], False),
        (["### A", "Acme", "", "Body."], True),
        (["### A", "*Acme*", "", "Body."], True),
    ],
)
def test_by_line_under_a_heading_names_the_company(lines, reported):
    assert middle(*lines) == ("A", "Acme", "Body.")
    assert bool(found(read(*lines), "guessed-by-line")) == reported


def test_link_of_a_heading_is_the_address_of_the_story():
    parse = read("### [A](https://example.com/a)", "Acme · Source", "", "Body.")
    assert parse.issue.stories[1].url == "https://example.com/a"


def test_separator_inside_the_link_of_a_heading_belongs_to_the_headline():
    lines = ["### [A · b](https://example.com/a)", "Acme · Source", "", "Body."]
    assert middle(*lines) == ("A · b", "Acme", "Body.")


def test_heading_without_a_company_is_reported():
    assert found(read("### A", "", "The body is here."), "no-company") == [(6, "review")]


def test_deeper_heading_belongs_to_the_body():
    assert middle("### A", "Acme · Source", "", "One.", "", "#### Two", "", "Three.") == (
        "A",
        "Acme",
        "One.\n\n#### Two\n\nThree.",
    )


@pytest.mark.parametrize("headline", ["Why ##", "#", "C#", "Why #x", "a  #"])
def test_hash_marks_at_the_end_of_a_headline_come_back(headline):
    text = f"[{headline}] · Acme · Source Body."
    issue = read(text).issue
    assert parse_issue(write_canonical(issue)).issue == issue


def test_closing_hash_marks_are_no_part_of_a_canonical_headline():
    text = (
        "---\nkind: daily\ndate: 2026-11-20\n---\n## Deep Dives\n### Why ###\n company: Acme\n\nB."
    )
    (story,) = parse_issue(text).issue.stories
    assert (story.headline, story.company, story.body) == ("Why", "Acme", "B.")


# --- Labels, bodies


@pytest.mark.parametrize("word", ["Next", "Brain", "Games", "Kids", "Press"])
def test_word_that_names_often_end_with_is_reported_after_a_known_label(word):
    parse = read(f"Review · GitHub {word} reviews every change.")
    assert found(parse, "guessed-boundary") == [(6, "review")]


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (["Three:", "- one", "  - a", "  - b", "- two"], "Three:\n\n- one\n  - a\n  - b\n- two"),
        (
            ["Three:", "", "1. one", "", "   more", "2. two"],
            "Three:\n\n1. one\n\n   more\n\n2. two",
        ),
        (["One\\", "two."], "One\\\ntwo."),
        (["One.", "", "* * *"], "One."),
        (["One.", "", "---"], "One."),
        (["数据库团队", "介绍了。"], "数据库团队介绍了。"),
    ],
)
def test_structure_of_a_body_is_kept(lines, body):
    assert middle("[A] · Acme · Source", *lines) == ("A", "Acme", body)


@pytest.mark.parametrize(
    "lines",
    [
        ["One  ", "two."],
        ["Three:", "- one", "- two", "Then be happy."],
        ["The flag", "- v", "is gone."],
    ],
)
def test_body_whose_structure_is_not_clear_is_reported(lines):
    assert found(read("[A] · Acme · Source", *lines), "joined-line")


@pytest.mark.parametrize("end", ["。", "！", "？", "؟", "۔", "।", "。」"])
def test_sentence_may_end_with_the_mark_of_any_script(end):
    parse = read(
        f"[数据] · Acme · Source 数据库团队介绍了{end}", "第二段介绍了别的内容和更多的细节。"
    )
    assert values(parse)[1][2] == f"数据库团队介绍了{end}\n\n第二段介绍了别的内容和更多的细节。"
    assert found(parse, "further-paragraph") == [(7, "review")]
