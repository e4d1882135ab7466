"""The traps of MJML and premailer, the marks to cut at, and the colours."""

import json
import re
import socket
from dataclasses import astuple, fields

import html5lib
import pytest

from newsletter.rendering import RenderError, render_issue
from newsletter.rendering.inlining import inlined
from newsletter.rendering.palette import DARK, LIGHT, Palette
from newsletter.rendering.segments import Marks, Slot
from tests import samples
from tests.golden.dom import seen_by
from tests.mails import mail_of, parsed, with_story, words

# WCAG 2.2, success criterion 1.4.3, level AA.
LEAST_CONTRAST = 4.5
# Gmail drops all styles of a mail with more (email-bugs #90).
STYLES_LIMIT_BYTES = 16 * 1024


@pytest.fixture(autouse=True)
def publication(settings):
    settings.BASE_URL = "https://news.example.org"
    settings.PUBLICATION_NAME = "Engineering @ Scale"
    settings.POSTAL_ADDRESS = "Broadsheet, 12 Printer’s Yard, London"


# Traps of MJML and premailer


def test_the_doctype_stands_first_and_asks_for_standards_mode():
    assert mail_of(samples.daily()).html.startswith('<!DOCTYPE html>\n<html lang="en" dir="ltr"')


@pytest.mark.parametrize("content", [samples.daily(), samples.weekly()], ids=["daily", "weekly"])
def test_the_html_has_no_parse_error(content):
    parser = html5lib.HTMLParser()
    parser.parse(seen_by(mail_of(content).html, "web"))
    assert [error[1] for error in parser.errors] == []


def test_rules_for_dark_mode_and_for_importance_survive():
    html = mail_of(samples.daily()).html
    styles = "".join(re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL))
    assert styles.count("[data-ogsc]") >= 10
    assert styles.count("[data-ogsb]") >= 2
    assert "@media (prefers-color-scheme: dark)" in styles
    assert styles.count("!important") >= 30
    assert '<meta name="color-scheme" content="light dark">' in html


def test_styles_are_small_and_nest_no_rule_that_would_make_gmail_drop_them():
    styles = "".join(re.findall(r"<style[^>]*>(.*?)</style>", mail_of(samples.daily()).html, re.S))
    assert len(styles.encode()) < STYLES_LIMIT_BYTES / 2
    depth = 0
    for found in re.finditer(r"@[a-z]|[{}]", styles):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        assert not (found[0].startswith("@") and depth)
    assert depth == 0


def test_premailers_own_mark_is_gone():
    assert "data-premailer" not in mail_of(samples.daily()).html


def test_a_headline_that_quotes_premailers_mark_keeps_it():
    mail = with_story(headline='Why data-premailer="ignore" exists')
    assert '>Why data-premailer="ignore" exists</a>' in mail.html


def test_conditional_comments_for_outlook_go_through_premailer_unchanged():
    source = "<!doctype html><html><head></head><body><!--[if mso | IE]><table><tr><![endif]-->"
    source += "<p>x</p><!--[if mso | IE]></tr></table><![endif]--></body></html>"
    assert re.findall("<!--.*?-->", inlined(source, "p{color:red}")) == re.findall(
        "<!--.*?-->", source
    )


def test_every_conditional_comment_is_closed():
    html = mail_of(samples.daily()).html
    assert html.count("<!--[if") == html.count("<![endif]-->") > 5
    assert not re.search(r"<!\[if", html)


def test_css_is_in_the_elements_so_that_a_mail_without_styles_is_whole():
    heading = parsed(mail_of(samples.daily()).html).find(".//h2")
    assert LIGHT.accent in heading.get("style")
    assert "text-transform:uppercase" in heading.get("style").replace(" ", "")


def test_mjmls_own_rules_are_not_copied_into_cells():
    cells = [td.get("style") for td in parsed(mail_of(samples.daily()).html).iter("td")]
    assert not any("mso-table-lspace" in style or "border-collapse" in style for style in cells)


def test_no_font_image_or_style_is_fetched(settings):
    settings.PUBLICATION_NAME = "Roboto and Open Sans, Lato, Ubuntu"
    html = mail_of(samples.daily()).html
    assert "fonts.googleapis" not in html
    assert not re.search(r"<(img|link|script|iframe|video|audio|object)\b|@import|url\(", html)


def test_rendering_opens_no_connection(monkeypatch):
    def refuse(*args: object) -> None:
        raise AssertionError("rendering opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert mail_of(samples.daily()).html


def test_characters_that_rust_would_escape_stay_themselves_in_attributes():
    title = 'A\u00a0b \\ 👩‍💻 e\u0301 \u00ad "q"'
    html = mail_of(samples.daily(title=title, opening=title)).html
    assert "\\u{" not in html
    tree = parsed(html)
    assert "\\ 👩‍💻" in tree.find(".//div[@role='article']").get("aria-label")
    assert "\\ 👩‍💻" in tree.find(".//meta[@name='description']").get("content")
    assert "\\\\" not in html


def test_a_no_break_space_stays_one():
    mail = with_story(headline="10\u00a0MB in 3\u00a0s", body="Costs 5\u00a0€.")
    for form in (mail.html, mail.text):
        assert "10\u00a0MB in 3\u00a0s" in form
        assert "5\u00a0€" in form


def test_inline_elements_on_two_lines_keep_the_space_between_them():
    assert words(parsed(with_story(body="**bold**\n*slanted*").html)).count("bold slanted") == 1


def test_lines_of_code_keep_their_breaks_and_indents():
    html = with_story(body="```\n\nif x:\n\n    go()\n```").html
    assert ">if x:\n\n    go()</code>" in html


@pytest.mark.parametrize("text", ["{{ 1|add:1 }} {% now %}", "%recipient%", "*|MERGE|*", "[[x]]"])
def test_the_syntax_of_templates_and_providers_is_plain_text(text):
    mail = with_story(headline=text, body=text)
    assert text in words(parsed(mail.html))
    assert text in mail.text


# Marks


def test_no_mark_is_left_and_equal_content_gives_an_equal_value():
    rendered = render_issue(samples.daily())
    assert rendered == render_issue(samples.daily())
    assert not re.search(r"mark[0-9a-f]{32}", json.dumps(rendered.to_json()))


def test_a_lost_mark_is_noticed():
    marks = Marks()
    whole = f"a<!--{marks.block(0)}-->b<!--{marks.block(1)}-->c{marks.slot(Slot.COUNT)}d"
    assert marks.cut(whole, 2) == [("ab",), ("c", "count", "d")]
    for broken in (whole.replace(marks.block(1), "x"), whole + marks.block(1), whole[:10]):
        with pytest.raises(RenderError):
            marks.cut(broken, 2)


def test_somebody_elses_mark_is_text():
    known = Marks()
    text = f"<!--{known.block(0)}--> {known.slot(Slot.ADDRESS)}"
    assert text in words(parsed(with_story(headline=text).html))


# Colours


def luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("colour", ["ink", "muted", "accent"])
@pytest.mark.parametrize("ground", ["page", "paper"])
def test_words_can_be_read_on_their_ground(palette: Palette, colour, ground):
    assert contrast(getattr(palette, colour), getattr(palette, ground)) >= LEAST_CONTRAST


def test_a_mail_has_no_colour_but_those_of_the_palettes():
    html = mail_of(samples.weekly()).html
    # MJML's own: the hidden preview is white.
    known = {*astuple(LIGHT), *astuple(DARK), "#ffffff", "#fff"}
    assert len(fields(Palette)) == 6
    assert {found.lower() for found in re.findall(r"#[0-9a-fA-F]{3,6}\b", html)} <= known
