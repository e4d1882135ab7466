"""The whole mail: what stands in it, and the traps of MJML and premailer."""

import json
import re
import socket
from dataclasses import astuple, fields, replace
from datetime import date
from itertools import pairwise
from typing import Any

import html5lib
import pytest

from newsletter.composing import ComposedMail, Composer, PersonalLinks
from newsletter.content import IssueContent
from newsletter.rendering import RenderedIssue, RenderError, render_issue
from newsletter.rendering.inlining import inlined
from newsletter.rendering.palette import DARK, LIGHT, Palette
from newsletter.rendering.segments import Marks, Slot
from newsletter.rendering.wording import period
from subscribers.audience import Choice
from tests import samples
from tests.golden.dom import seen_by

LINKS = PersonalLinks(
    unsubscribe_url="https://news.example.org/u/token",
    choices_url="https://news.example.org/choices/token",
    address="reader@example.com",
)
# WCAG 2.2, success criterion 1.4.3, level AA.
LEAST_CONTRAST = 4.5


@pytest.fixture(autouse=True)
def publication(settings):
    settings.BASE_URL = "https://news.example.org"
    settings.PUBLICATION_NAME = "Engineering @ Scale"
    settings.POSTAL_ADDRESS = "Broadsheet, 12 Printer’s Yard, London"


def mail_of(content: IssueContent) -> ComposedMail:
    return Composer(render_issue(content)).compose(Choice.everything()).mail(LINKS)


def with_story(**changes: Any) -> ComposedMail:
    """Return the mail of a daily whose only story is changed so."""
    return mail_of(samples.daily(stories=(replace(samples.WRITTEN[0], **changes),)))


def parsed(html: str):
    return html5lib.parse(seen_by(html, "web"), namespaceHTMLElements=False)


def words(element) -> str:
    return "".join(element.itertext())


def body_words(html: str) -> str:
    """Return what a reader sees, without the preview for the inbox."""
    return words(parsed(html).find(".//div[@role='article']"))


# What stands in a mail


def test_a_daily_has_its_masthead_sections_and_footer_in_order():
    mail = mail_of(samples.daily())
    in_order = [
        "Engineering @ Scale",
        "Daily · Friday, 20 November 2026",
        "12 of 12 stories",
        "View on the web",
        "Signal of the Day",
        "Take the decision away",
        "Deep Dives",
        "Harbour Rail moves",
        "Willow tests",
        "Patterns Across Companies",
        "reader@example.com",
        "Choose your sources",
        "Unsubscribe from the daily",
        "12 Printer’s Yard",
    ]
    for form in (body_words(mail.html), mail.text):
        places = [form.casefold().index(part.casefold()) for part in in_order]
        assert places == sorted(places)


def test_a_weekly_has_a_range_top_stories_and_threads():
    mail = mail_of(samples.weekly())
    for part in (
        "Weekly · 7–20 November 2026",
        "Week in Review",
        "Top Stories",
        "Developing Threads",
        "Agents get smaller hands",
        "Unsubscribe from the weekly",
    ):
        assert part in body_words(mail.html)
        assert part.casefold() in mail.text.casefold()


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (date(2026, 11, 20), date(2026, 11, 20), "Friday, 20 November 2026"),
        (date(2026, 11, 7), date(2026, 11, 20), "7–20 November 2026"),
        (date(2026, 4, 25), date(2026, 5, 1), "25 April – 1 May 2026"),
        (date(2026, 12, 26), date(2027, 1, 1), "26 December 2026 – 1 January 2027"),
    ],
)
def test_a_period_is_written_as_people_write_it(start, end, words):
    assert period(start, end) == words


def test_a_byline_names_the_company_and_who_wrote_about_it():
    html = mail_of(samples.daily()).html
    assert "Lumen Maps · via The Second Reader" in html


def test_a_story_without_a_company_or_sources_has_no_byline():
    html = with_story(company="", via="").html
    assert 'class="by"' not in html


def test_a_headline_is_linked_once_to_its_address():
    html = with_story(url="https://a.example/1").html
    assert html.count("https://a.example/1") == 1
    link = parsed(html).find(".//h3/a")
    assert words(link) == samples.WRITTEN[0].headline


def test_a_story_without_an_address_has_no_link():
    mail = with_story(url="")
    assert parsed(mail.html).find(".//h3/a") is None
    assert "#" not in {a.get("href") for a in parsed(mail.html).iter("a")}


def test_headings_go_down_one_level_at_a_time():
    levels = [
        int(element.tag[1])
        for element in parsed(mail_of(samples.weekly()).html).iter()
        if isinstance(element.tag, str) and re.fullmatch(r"h[1-6]", element.tag)
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_web_link_carries_nothing_personal():
    mail = mail_of(samples.daily())
    assert 'href="https://news.example.org/archive/daily-2026-11-20/"' in mail.html
    assert "https://news.example.org/archive/daily-2026-11-20/\n" in mail.text


def test_a_missing_opening_and_missing_patterns_are_left_out():
    mail = mail_of(samples.daily(opening=" ", patterns=""))
    assert "Signal of the Day" not in mail.html
    assert "PATTERNS" not in mail.text


def test_a_publication_without_a_postal_address_has_none(settings):
    settings.POSTAL_ADDRESS = ""
    mail = mail_of(samples.daily())
    assert "Printer" not in mail.html + mail.text


def test_the_preheader_is_the_opening_cut_between_words():
    html = mail_of(samples.daily()).html
    description = parsed(html).find(".//meta[@name='description']").get("content")
    assert len(description) <= 120
    assert description.startswith("Take the decision away")
    assert description.endswith("that…")
    assert f">{description}</div>" in html
    assert "&zwnj;" not in html


def test_a_right_to_left_story_runs_to_the_left():
    heading = next(
        h for h in parsed(mail_of(samples.daily()).html).iter("h3") if "سلام" in words(h)
    )
    assert heading.get("dir") == "rtl"
    assert "text-align:right" in heading.get("style").replace(" ", "")


# Plain text


def test_plain_text_keeps_to_72_columns_but_for_addresses():
    text = mail_of(samples.daily(31)).text
    long = [line for line in text.splitlines() if len(line) > 72]
    assert [line for line in long if "http" not in line] == []


def test_plain_text_underlines_headings_and_gives_full_addresses():
    text = mail_of(samples.daily()).text
    assert "\nDEEP DIVES\n==========\n" in text
    assert "Why Quill Bank counts money twice\n---------------------------------\n" in text
    assert "\nhttps://quill.example/engineering/counting-twice\n" in text


def test_plain_text_holds_no_markup():
    text = mail_of(samples.daily()).text
    assert not re.search(r"</?[a-z]+[ >]|&[a-z]+;|&#", text)


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


def test_a_rendered_issue_survives_json():
    rendered = render_issue(samples.weekly())
    assert RenderedIssue.from_json(json.loads(json.dumps(rendered.to_json()))) == rendered


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
