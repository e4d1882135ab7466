"""HTML and texts that speak of HTML: what is markup, what is text, and nothing lost unsaid."""

import pytest

from newsletter.parsing import parse_issue, write_canonical

TITLE = "Engineering @ Scale — 2026-11-20"
LABELS = frozenset({"Acme", "Borealis", "Corvid"})
DOUBTS = ("error", "review")


def read(text):
    return parse_issue(text, labels=LABELS)


def page(*lines):
    head = [f"{TITLE}#", "Signal of the Day#", "What matters.", "Deep Dives#"]
    return "\n".join([*head, *lines, "Patterns Across Companies#", "All did alike."])


def markdown(*lines, after_signal=""):
    return "\n\n".join(
        [
            f"# {TITLE}",
            "## Signal of the Day",
            "What matters.",
            after_signal,
            "## Deep Dives",
            *lines,
            "**[B]** · Corvid · [Source](#)\nOther body.",
            "## Patterns Across Companies",
            "All did alike.",
        ]
    )


def web(*blocks):
    return f"<h1>{TITLE}</h1>\n<h2>Deep Dives</h2>\n" + "\n".join(blocks)


STORY = '<p><strong>[A]</strong> · Acme · <a href="#">Source</a> '


def bodies(parse):
    return [story.body for story in parse.issue.stories]


def found(parse, code):
    return [(each.line, each.level) for each in parse.diagnostics if each.code == code]


TAGS = ["template", "title", "svg", "head", "script", "object", "div", "p", "section", "table"]
NAMED = [f"<{tag}>" for tag in TAGS] + ["</div>", "<br>", "<!-- x", "<!--", "<body>", "<html>"]


@pytest.mark.parametrize("tag", [*NAMED, "<!DOCTYPE html>", "<pre>", "<ul></ul>"])
def test_tag_on_a_line_of_its_own_amid_a_sentence_is_text_and_hides_nothing(tag):
    parse = read(
        page(
            f"[A] · Acme · Source The team removed all\n{tag}\ntags from its pages.",
            "[B] · Corvid · Source Other body.",
        )
    )
    assert bodies(parse) == [f"The team removed all {tag} tags from its pages.", "Other body."]
    assert parse.issue.patterns == "All did alike."


def test_two_tags_named_on_lines_of_their_own_are_text():
    parse = read(page("[A] · Acme · Source Put it in a\n<div>\nor before its\n</div>\ntag."))
    assert bodies(parse) == ["Put it in a <div> or before its </div> tag."]


@pytest.mark.parametrize("mark", ["", "<!--more-->", "<!-- a\nlong\none -->", "<br>", "<hr/>"])
@pytest.mark.parametrize(
    "body",
    [
        "Use `<template>` well.",
        "Use `<br>` and `<!-- x -->` well.",
        "Use `a < b` and `<b>` well.",
        "Use `a_b` and `<p>` *or* not.",
        "Use &amp; and `&lt;b&gt;` well.",
        "Run:\n\n```html\n<script>\nalert(1)\n</script>\n<!-- x -->\n<p>x</p>\n```",
    ],
)
def test_markdown_keeps_its_code_whatever_comments_stand_around(body, mark):
    parse = read(markdown(f"**[A]** · Acme · [Source](#)\n{body}", after_signal=mark))
    assert bodies(parse) == [body, "Other body."]
    assert (parse.issue.opening, parse.issue.patterns) == ("What matters.", "All did alike.")


def test_html_block_in_markdown_is_read_and_code_beside_it_kept():
    figure = "<figure><img src=x alt=chart></figure>"
    parse = read(markdown(f"**[A]** · Acme · [Source](#)\nUse `<T>` now.\n\n{figure}"))
    assert bodies(parse)[0] == "Use `<T>` now.\n\nchart"


def test_paragraph_without_an_end_tag_is_read_as_html():
    parse = read(web("<p>[A] · Acme · Source The body", "is here.", "<p>[B] · Corvid · Source b."))
    assert bodies(parse) == ["The body is here.", "b."]


@pytest.mark.parametrize("tag", ["template", "script", "svg", "title"])
def test_element_that_hides_its_content_but_has_no_end_hides_nothing(tag):
    parse = read(web(f"{STORY}The <{tag}> is gone.</p>", f"{STORY}More.</p>"))
    assert bodies(parse) == [f"The <{tag}> is gone.", "More."]


def test_text_that_an_element_hides_is_reported_at_its_line():
    parse = read(web(f"{STORY}One <template>two</template> three.</p>"))
    assert bodies(parse) == ["One three."]
    assert found(parse, "html-hidden") == [(3, "review")]


def test_script_with_an_end_tag_is_removed_with_its_text():
    parse = read(web(f"{STORY}One.</p><SCRIPT>var a = '<p>x</p>'</SCRIPT>"))
    assert bodies(parse) == ["One."]
    assert found(parse, "html-removed") == [(3, "warning")]


@pytest.mark.parametrize(
    ("markup", "body"),
    [
        ("Three:</p><ol><li>one</li><li>two</li></ol>", "Three:\n\n1. one\n2. two"),
        (
            "Three:</p><ul><li>one<ul><li>a</li><li>b</li></ul></li><li>two</li></ul>",
            "Three:\n\n- one\n  - a\n  - b\n- two",
        ),
        ("Three:</p><ul><li><p>one</p></li><li><p>two</p></li></ul>", "Three:\n\n- one\n- two"),
        (
            "He said:</p><blockquote><p>One.</p><p>Two.</p></blockquote>",
            "He said:\n\n> One.\n>\n> Two.",
        ),
        ("Use <code>a`b</code> now.</p>", "Use ``a`b`` now."),
        ("Use <code>`</code> now.</p>", "Use `` ` `` now."),
        ("Run:</p><pre>```\nx\n```</pre>", "Run:\n\n````\n```\nx\n```\n````"),
        ("Run:</p><pre>x", "Run:\n\n```\nx\n```"),
        ("One.</p><p># two</p>", "One.\n\n\\# two"),
        ("One.</p><p>1. two</p>", "One.\n\n1\\. two"),
        ("One.</p><p>&gt; two</p>", "One.\n\n\\> two"),
        ("It is <q>fast</q>.</p>", "It is “fast”."),
        ("Write &amp;lt; here.</p>", "Write \\&lt; here."),
        (
            'See <a href="https://example.com/x y?(1)">it</a>.</p>',
            "See [it](https://example.com/x%20y?%281%29).",
        ),
        ("One <![CDATA[two]]> three.</p>", "One two three."),
    ],
)
def test_structure_of_a_page_is_kept_as_markdown(markup, body):
    parse = read(web(STORY + markup))
    assert bodies(parse)[0] == body
    assert parse_issue(write_canonical(parse.issue)).issue == parse.issue


@pytest.mark.parametrize(
    "headline",
    [
        '<a href="https://example.com/"><strong>[A b]</strong></a>',
        "<strong>[A</strong> <strong>b]</strong>",
        "<em>[A b]</em>",
        "<b>[A <em>b</em>]</b>",
        "[A <code>b</code>]",
    ],
)
def test_headline_of_a_page_loses_its_markup(headline):
    (story,) = read(
        web(f"<p>{headline} · <em>Acme</em> · <a href='#'>Source</a> Body.</p>")
    ).issue.stories
    assert (story.headline, story.company, story.body) == ("A b", "Acme", "Body.")


def test_headline_of_a_page_keeps_characters_that_look_like_marks():
    (story,) = read(
        web("<p><b>[Why __init__ &amp; 2*3*4_5]</b> · Acme · Source Body.</p>")
    ).issue.stories
    assert story.headline == "Why __init__ & 2*3*4_5"


def test_html_left_in_a_headline_or_a_company_is_reported():
    parse = read(page("<b>A</b> · Acme · Source Body."))
    assert found(parse, "guessed-boundary") == [(5, "review")]
