"""The whole mail: what stands in it, in HTML and in plain text."""

import json
import re
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from django.utils import translation

from newsletter.rendering import RenderedIssue, render_issue
from newsletter.rendering.wording import period
from tests import samples
from tests.mails import body_words, mail_of, parsed, with_story, words


@pytest.fixture(autouse=True)
def publication(settings):
    settings.BASE_URL = "https://news.example.org"
    settings.PUBLICATION_NAME = "Engineering @ Scale"
    settings.POSTAL_ADDRESS = "Broadsheet, 12 Printer’s Yard, London"


# What stands in a mail


def test_a_daily_has_its_masthead_sections_and_footer_in_order():
    mail = mail_of(samples.daily())
    in_order = [
        "Engineering @ Scale",
        "Daily · Friday, 20 November 2026",
        "12 of 12 stories",
        "Whole issue in the archive",
        "Signal of the Day",
        "Take the decision away",
        "Deep Dives",
        "Harbour Rail moves",
        "Willow tests",
        "Patterns Across Companies",
        "reader@example.com",
        "Your choices",
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
    html = with_story(company="", via="", source_ids=()).html
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


def test_a_list_and_a_quote_to_the_left_have_their_padding_on_the_right():
    tree = parsed(with_story(body="- سلام\n\n1. سلام\n\n> سلام").html)
    for name in ("ul", "ol", "blockquote"):
        styles = [
            element.get("style").replace(" ", "")
            for element in tree.iter(name)
            if element.get("dir") == "rtl"
        ]
        assert len(styles) == 1
        padding = "padding:016px00" if name == "blockquote" else "padding:022px00"
        assert padding in styles[0]
        assert "text-align:right" in styles[0]
    assert "font-style:normal" in styles[0]  # neither Arabic nor Hebrew has italics
    assert "border-left:0" in styles[0]
    assert "border-right:2px" in styles[0]


def test_what_runs_as_its_mail_does_has_no_style_that_says_so():
    for element in parsed(with_story(body="abc").html).iter():
        if element.tag in {"html", "body", "p", "h3"}:
            assert "text-align:left" not in element.get("style", "").replace(" ", "")


def test_an_item_in_another_direction_than_its_list_has_room_for_its_bullet():
    tree = parsed(with_story(body="- سلام\n- abc\n\n1. abc\n2. سلام").html)
    left, right = (
        next(item for item in tree.iter("li") if item.get("dir") == direction)
        .get("style")
        .replace(" ", "")
        for direction in ("ltr", "rtl")
    )
    assert "margin:004px22px" in left
    assert "margin:022px4px0" in right


def test_a_headline_in_another_direction_than_the_publication_says_so():
    with translation.override("ar"):
        tree = parsed(mail_of(samples.daily()).html)
    directions = {heading.get("dir", "") for heading in tree.iter("h3") if "سلام" in words(heading)}
    assert directions == {""}
    assert {h.get("dir") for h in tree.iter("h3") if "Harbour" in words(h)} == {"ltr"}


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


@pytest.mark.parametrize("body", ["", " \n"])
def test_a_story_without_a_body_leaves_no_hole_in_plain_text(body):
    assert "\n\n\n\n" not in with_story(body=body).text
    thread = replace(samples.weekly().threads[0], body=body)
    assert "\n\n\n\n" not in mail_of(samples.weekly(threads=(thread,))).text


def test_plain_text_holds_no_markup():
    text = mail_of(samples.daily()).text
    assert not re.search(r"</?[a-z]+[ >]|&[a-z]+;|&#", text)


def test_a_rendered_issue_survives_json():
    rendered = render_issue(samples.weekly())
    assert RenderedIssue.from_json(json.loads(json.dumps(rendered.to_json()))) == rendered


def test_a_mail_in_a_language_that_runs_to_the_left_says_so():
    with translation.override("ar"):
        html = mail_of(samples.daily()).html
    assert html.startswith('<!DOCTYPE html>\n<html lang="ar" dir="rtl"')
    assert "text-align:right" in html
