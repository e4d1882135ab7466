"""Where a story's headline, company and body end, and what is said of a guess."""

import pytest

from newsletter.parsing.labels import LabelTable, split_label
from tests.newsletter.readings import found, only, page, read


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
