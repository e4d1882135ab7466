"""Every form that a story may have: the very story comes out, or its line is reported."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.parsing import parse_issue
from tests.newsletter.digests import (
    CERTAIN,
    LABELS,
    OPEN,
    WEB,
    linked_stories,
    page,
    stories,
    web_page,
)

several = st.lists(stories, min_size=1, max_size=4, unique_by=lambda story: story.headline)
several_linked = st.lists(
    linked_stories, min_size=1, max_size=4, unique_by=lambda story: story.headline
)


def values(found):
    return [(story.headline, story.company, story.body) for story in found]


def reported_lines(parse):
    return {found.line for found in parse.diagnostics if found.level in ("error", "review")}


def assert_right_or_reported(told, text, parse):
    """Each story is right, or a line from its own to the next story's is reported."""
    assert parse.issue is not None
    starts, at = [], text.index("Deep Dives")
    for story in told:
        at = text.index(story.headline, at)
        starts.append(text[:at].count("\n") + 1)
        at += len(story.headline)
    ends = [*starts[1:], text.count("\n") + 2]
    right = set(values(parse.issue.stories))
    for story, start, end in zip(told, starts, ends, strict=True):
        if (story.headline, story.company, story.body) not in right:
            assert reported_lines(parse) & set(range(start, end)), (story, parse)


@pytest.mark.parametrize("form", CERTAIN, ids=lambda form: form.__name__)
@given(told=several_linked, gap=st.sampled_from(["\n", "\n\n", "\n \n\n"]))
def test_story_whose_label_is_marked_comes_back_exactly(form, told, gap):
    text = page([form(story) for story in told], gap=gap)
    parse = parse_issue(text, labels=LABELS)
    assert values(parse.issue.stories) == values(told)
    assert not [found for found in parse.diagnostics if found.level == "error"]


@pytest.mark.parametrize("form", WEB, ids=lambda form: form.__name__)
@given(told=several_linked)
def test_story_of_a_web_page_comes_back_exactly_with_its_address(form, told):
    parse = parse_issue(web_page([form(story) for story in told]), labels=LABELS)
    assert values(parse.issue.stories) == values(told)
    assert [story.url for story in parse.issue.stories] == [story.url for story in told]


@pytest.mark.parametrize("labels", [LABELS, frozenset()], ids=["known", "none known"])
@settings(max_examples=150)
@given(data=st.data(), told=several)
def test_story_in_an_open_form_is_right_or_its_line_is_reported(labels, data, told):
    forms = [data.draw(st.sampled_from(OPEN)) for _story in told]
    text = page([form(story) for form, story in zip(forms, told, strict=True)])
    assert_right_or_reported(told, text, parse_issue(text, labels=labels))


@settings(max_examples=150)
@given(data=st.data(), told=several)
def test_forms_may_be_mixed_in_one_text(data, told):
    forms = [data.draw(st.sampled_from(CERTAIN + WEB + OPEN)) for _story in told]
    text = page([form(story) for form, story in zip(forms, told, strict=True)])
    parse = parse_issue(text, labels=LABELS)
    if WEB[0] in forms or WEB[1] in forms:  # entities hide the headline's place in the text
        right = set(values(parse.issue.stories))
        wrong = set(values(told)) - right
        assert len(wrong) <= len(reported_lines(parse))
    else:
        assert_right_or_reported(told, text, parse)


@settings(max_examples=150)
@given(data=st.data(), told=several)
def test_body_torn_at_inline_code_is_right_or_reported(data, told):
    blocks = []
    for story in told:
        words = story.body.split(" ")
        at = data.draw(st.integers(min_value=1, max_value=len(words) - 1))
        body = " ".join(words[:at]) + "\n" + words[at] + "\n" + " ".join(words[at + 1 :])
        story = type(story)(story.headline, story.company, body.rstrip("\n"))
        blocks.append(data.draw(st.sampled_from([*CERTAIN[:2], OPEN[0]]))(story))
    text = page(blocks)
    assert_right_or_reported(told, text, parse_issue(text, labels=LABELS))


@given(
    told=several, end=st.sampled_from(["\n", "\r\n", "\r"]), mark=st.sampled_from(["", "\ufeff"])
)
def test_line_ends_and_byte_order_marks_make_no_difference(told, end, mark):
    text = page([CERTAIN[1](story) for story in told])
    parse = parse_issue(mark + text.replace("\n", end), labels=LABELS)
    assert parse == parse_issue(text, labels=LABELS)


@given(told=several)
def test_no_break_spaces_around_separators_make_no_difference(told):
    text = page([CERTAIN[1](story) for story in told])
    parse = parse_issue(text.replace(" · ", "\u00a0·\u00a0"), labels=LABELS)
    assert values(parse.issue.stories) == values(told)


@given(text=st.text(max_size=400))
def test_any_text_is_read_without_an_exception(text):
    parse = parse_issue(text, labels=LABELS)
    assert parse.issue or parse.has_errors


PARTS = ["---", "kind: daily", "date: 2026-11-20", "# Engineering @ Scale — 2026-11-20", "## "]
PARTS += ["## Deep Dives", "Deep Dives#", "### A", "[A] · B · Source C.", "A · B", "·", "```"]
PARTS += ["<p>", "</p>", "<strong>", "Sources", "- x", "", "text", "sources: ?", "[a](", "**"]


@given(parts=st.lists(st.sampled_from(PARTS), max_size=25))
def test_any_order_of_known_parts_is_read_without_an_exception(parts):
    parse = parse_issue("\n".join(parts), labels=LABELS)
    assert parse.issue or parse.has_errors
