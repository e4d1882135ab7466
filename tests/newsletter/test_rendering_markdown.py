"""Bodies: Markdown to HTML and plain text."""

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.rendering import RenderError, web_html
from newsletter.rendering.cleaning import clean, clean_line, direction_of, safe_url, shortened
from newsletter.rendering.markdown import MAX_BODY_LENGTH, MAX_DEPTH, body_of


@pytest.mark.parametrize(
    ("markdown", "html", "text"),
    [
        ("One\ntwo.\n\nThree.", "<p>One two.</p><p>Three.</p>", "One two.\n\nThree."),
        ("*a* **b** `c`", "<p><em>a</em> <strong>b</strong> <code>c</code></p>", "a b `c`"),
        ("a\\\nb", "<p>a<br />b</p>", "a\nb"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>', "3. a\n4. b"),
        (
            "1. a\n   - b\n\n   c",
            "<ol><li><p>a</p><ul><li>b</li></ul><p>c</p></li></ol>",
            "1. a\n\n   - b\n\n   c",
        ),
        ("> a\n>\n> b", "<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("# Title", "<p><strong>Title</strong></p>", "Title"),
        ("***", "<hr />", "* * *"),
        (
            "```py\nif a < b:\n\n    go()\n```",
            "<pre><code>if a &lt; b:&#10;&#10;    go()</code></pre>",
            "    if a < b:\n\n        go()",
        ),
        ("<b>x</b> & y", "<p>&lt;b&gt;x&lt;/b&gt; &amp; y</p>", "<b>x</b> & y"),
        (
            "[site](https://a.example/?q=1&r=2)",
            '<p><a href="https://a.example/?q=1&amp;r=2">site</a></p>',
            "site (https://a.example/?q=1&r=2)",
        ),
        (
            "<https://a.example/>",
            '<p><a href="https://a.example/">https://a.example/</a></p>',
            "https://a.example/",
        ),
        (
            "![a map](https://a.example/map.png)",
            '<p><a href="https://a.example/map.png">a map</a></p>',
            "a map (https://a.example/map.png)",
        ),
        ("![a map](data:image/png;base64,xx)", "<p>a map</p>", "a map"),
        (
            "[![alt](https://a.example/i.png)](https://b.example/)",
            '<p><a href="https://b.example/">alt</a></p>',
            "alt (https://b.example/)",
        ),
        ("", "", ""),
    ],
)
def test_a_body_becomes_html_and_text(markdown, html, text):
    body = body_of(markdown)
    assert body.html == html
    assert body.text == text


@pytest.mark.parametrize("name", ["ai_search_namespaces", "CGROUP_SKB", "__init__", "a*b*c_d_e"])
def test_a_name_in_code_never_turns_italic(name):
    assert f"<code>{name}</code>" in web_html(f"It is `{name}` here.")


@pytest.mark.parametrize("name", ["ai_search_namespaces", "CGROUP_SKB", "snake_case_name"])
def test_a_bare_name_with_underscores_never_turns_italic(name):
    assert web_html(f"It is {name} here.") == f"<p>It is {name} here.</p>"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "mailto:a@b.example",
        "//a.example",
        "#",
        "",
        "https://",
        "https://us er@a.example",
        "https://bank.example@evil.example/",
        "https://a.example:99999/",
        "http://[::1",
        'https://a".example/',
    ],
)
def test_an_address_that_is_no_plain_web_address_is_no_link(address):
    assert safe_url(address) == ""
    assert "href" not in web_html(f"[label]({address})")


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("HTTPS://A.example/x", "https://a.example/x"),
        ("https://a.example/ä ö", "https://a.example/%C3%A4%20%C3%B6"),
        ("https://a.example/%C3%A4?x=%zz", "https://a.example/%C3%A4?x=%25zz"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        (
            'https://a.example/?q={{ x }}|\\<>"',
            "https://a.example/?q=%7B%7B%20x%20%7D%7D%7C%5C%3C%3E%22",
        ),
        ("https://a.example:8443/?a=1&b=2#c", "https://a.example:8443/?a=1&b=2#c"),
        ("http://[2001:db8::1]:80/", "http://[2001:db8::1]:80/"),
        ("https://a.example/\u200d\u202e", "https://a.example/%E2%80%8D"),
    ],
)
def test_an_address_is_written_in_ascii(address, safe):
    assert safe_url(address) == safe
    assert safe_url(safe) == safe


def test_long_text_is_wrapped_under_its_bullet():
    lines = body_of("- " + "word " * 40).text.splitlines()
    assert all(len(line) <= 72 for line in lines)
    assert lines[0].startswith("- word")
    assert all(line.startswith("  word") for line in lines[1:])


def test_an_address_longer_than_a_line_is_never_broken():
    url = "https://a.example/" + "x-y" * 60
    assert url in body_of(f"See [the page]({url}) for more.").text


def test_words_for_the_inbox_have_no_marks_and_no_addresses():
    body = body_of("**Bold** [link](https://a.example/) `code`\n\n- item")
    assert body.words == "Bold link code item"


@pytest.mark.parametrize(
    "markdown",
    [
        ">" * 2000 + " x",
        "\n".join("  " * depth + "- x" for depth in range(60)),
        "*a **b " * 500 + "** c* " * 500,
        "> " * (MAX_DEPTH + 1) + "x",
    ],
)
def test_text_nested_too_deep_is_refused_with_a_reason(markdown):
    with pytest.raises(RenderError, match="nested more than 12 deep"):
        body_of(markdown)


def test_text_nested_as_deep_as_allowed_is_whole():
    quotes = MAX_DEPTH - 1
    assert body_of("> " * quotes + "x").html.count("<blockquote>") == quotes


def test_a_text_too_long_for_any_mail_is_refused():
    with pytest.raises(RenderError, match="20001 characters"):
        body_of("x" * (MAX_BODY_LENGTH + 1))


@given(
    st.text(alphabet=st.characters(), max_size=200)
    | st.text(alphabet="*_`>-#[]()<!&1.|: سa\n\t", max_size=80)
)
@settings(max_examples=300, deadline=None)
def test_any_text_is_well_formed_or_refused(markdown):
    try:
        body = body_of(markdown)
    except RenderError:
        return
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(f"<!DOCTYPE html><title>x</title><div>{body.html}</div>")
    assert [error[1] for error in parser.errors] == []
    for form in (body.html, body.text, body.words):
        assert form == clean(form)
    assert "\n" not in body.words


def test_cleaning_takes_controls_and_keeps_what_scripts_need():
    assert clean("a\x00\x1b\x7f\x85\u202eb\ud800\ufffe\ufeff") == "ab"
    assert clean("a\r\nb\rc\u2028d\te") == "a\nb\nc\nd\te"
    assert clean("👩‍💻 נ\u200f \u200c \u00a0") == "👩‍💻 נ\u200f \u200c \u00a0"


def test_a_line_is_one_line():
    assert clean_line(" a\r\nBcc: b\n\tc\u00a0 ") == "a Bcc: b c\u00a0"


@pytest.mark.parametrize(
    ("text", "direction"),
    [("abc", "ltr"), ("123 עברית abc", "rtl"), ("«سلام»", "rtl"), ("12!", "")],
)
def test_the_first_letter_gives_the_direction(text, direction):
    assert direction_of(text) == direction


@given(st.text(max_size=200), st.integers(2, 100))
def test_a_shortened_line_fits(text, limit):
    assert len(shortened(text, limit)) <= limit


def test_a_shortened_line_ends_at_a_word():
    assert shortened("The quick brown fox, jumping", 22) == "The quick brown fox…"
    assert shortened("x" * 30, 10) == "x" * 9 + "…"
