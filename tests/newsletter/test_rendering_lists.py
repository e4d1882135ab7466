"""Bodies: lists, quotes and tables, whichever way they run."""

import pytest
from django.utils import translation

from newsletter.rendering import web_html
from newsletter.rendering.markdown import body_of


@pytest.mark.parametrize(
    ("markdown", "html", "text"),
    [
        (
            "- a\n  - b\n  - c\n- d",
            "<ul><li>a<ul><li>b</li><li>c</li></ul></li><li>d</li></ul>",
            "- a\n  - b\n  - c\n- d",
        ),
        (
            "- a\n\n  - b\n  - c\n\n- d",
            "<ul><li><p>a</p><ul><li>b</li><li>c</li></ul></li><li><p>d</p></li></ul>",
            "- a\n\n  - b\n  - c\n\n- d",
        ),
        ("- a\n\n- b", "<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        (
            "- a\n  ```\n  x\n  ```\n  b",
            "<ul><li>a<pre><code>x</code></pre>b</li></ul>",
            "- a\n      x\n  b",
        ),
        ("-\n- b", "<ul><li></li><li>b</li></ul>", "-\n- b"),
    ],
)
def test_a_list_is_as_tight_as_it_was_written_and_evenly_so(markdown, html, text):
    body = body_of(markdown)
    assert body.html == html
    assert body.text == text


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("سلام", '<p dir="rtl">سلام</p>'),
        ("- سلام\n- 50%", '<ul dir="rtl"><li>سلام</li><li>50%</li></ul>'),
        ("3. سلام", '<ol dir="rtl" start="3"><li>سلام</li></ol>'),
        ("> سلام", '<blockquote dir="rtl"><p>سلام</p></blockquote>'),
        ("- سلام\n- abc", '<ul dir="rtl"><li>سلام</li><li dir="ltr">abc</li></ul>'),
        ("- abc\n- سلام", '<ul><li>abc</li><li dir="rtl">سلام</li></ul>'),
        (
            "- سلام\n  - بيت",
            '<ul dir="rtl"><li>سلام<ul dir="rtl"><li>بيت</li></ul></li></ul>',
        ),
        (
            "> سلام\n>\n> abc\n>\n>     x",
            '<blockquote dir="rtl"><p>سلام</p><p dir="ltr">abc</p>'
            '<pre dir="ltr"><code>x</code></pre></blockquote>',
        ),
        (
            "|سلام|b|\n|-|-|\n|1|2|",
            '<p class="heads" dir="rtl"><strong>سلام · b</strong></p>'
            '<ul dir="rtl"><li>1 · 2</li></ul>',
        ),
    ],
)
def test_a_block_runs_as_its_first_letter_does_and_says_so_once(markdown, html):
    assert body_of(markdown).html == html


def test_in_a_publication_to_the_left_only_what_runs_to_the_right_is_marked():
    with translation.override("ar"):
        assert web_html("سلام\n\nabc") == '<p>سلام</p><p dir="ltr">abc</p>'
        assert web_html("- سلام") == '<ul dir="rtl"><li>سلام</li></ul>'


@pytest.mark.parametrize(
    ("markdown", "html", "text"),
    [
        (
            "| Site | Before | After |\n|:---|---:|:-:|\n"
            "| *Ulm* | 12 ms | `3 ms` |\n| Bern | 9 ms |\n",
            '<p class="heads"><strong>Site · Before · After</strong></p>'
            "<ul><li><em>Ulm</em> · 12 ms · <code>3 ms</code></li><li>Bern · 9 ms</li></ul>",
            "Site · Before · After\n- Ulm · 12 ms · `3 ms`\n- Bern · 9 ms",
        ),
        (
            "|   | a |\n|---|---|\n| 1 |   |\n|   | 2 |\n|   |   |",
            '<p class="heads"><strong>– · a</strong></p><ul><li>1</li><li>– · 2</li></ul>',
            "– · a\n- 1\n- – · 2",
        ),
        ("| | |\n|-|-|\n| 1 | 2 |", "<ul><li>1 · 2</li></ul>", "- 1 · 2"),
        (
            "> | a | b |\n> |---|---|\n> | x \\| y | <b> |",
            '<blockquote><p class="heads"><strong>a · b</strong></p>'
            "<ul><li>x | y · &lt;b&gt;</li></ul></blockquote>",
            "> a · b\n> - x | y · <b>",
        ),
        ("a | b", "<p>a | b</p>", "a | b"),
    ],
)
def test_a_table_becomes_a_list_of_its_rows(markdown, html, text):
    body = body_of(markdown)
    assert body.html == html
    assert body.text == text


def test_a_long_row_is_wrapped_under_its_bullet():
    row = " | ".join(["some words in a cell"] * 6)
    first, *others = body_of(f"|{'a|' * 6}\n|{'-|' * 6}\n| {row} |").text.splitlines()[1:]
    assert first.startswith("- some words in a cell · some")
    assert others
    assert all(line.startswith("  ") and len(line) <= 72 for line in others)


def test_a_table_of_empty_cells_does_not_blow_up():
    heads = "|" + "a|" * 256 + "\n|" + "-|" * 256
    assert len(body_of(f"{heads}\n" + "|x|\n" * 256).html) < 10_000


def test_a_quote_in_a_list_in_a_quote_keeps_its_marks_in_text():
    assert body_of("> - a\n>   > b\n> - c").text == "> - a\n>   > b\n> - c"
    assert body_of("> - a\n>\n>   > b\n> - c").text == "> - a\n>\n>   > b\n>\n> - c"
