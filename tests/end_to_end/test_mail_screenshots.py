"""A browser shows the mails: nothing sticks out, all can be read, nothing is fetched.

With REGENERATE_PICTURES=1 the pictures in docs/pictures are taken anew; look at them.
"""

import os
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from newsletter.composing import Composer
from newsletter.content import IssueContent
from newsletter.rendering import render_issue
from subscribers.audience import Choice
from tests import samples
from tests.golden.dom import seen_by
from tests.mails import LINKS

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).resolve().parent.parent.parent / "docs" / "pictures"
REGENERATE = os.environ.get("REGENERATE_PICTURES", "") not in {"", "0"}
WIDTHS = [320, 375, 700]
# WCAG 2.2, success criterion 1.4.3, level AA.
LEAST_CONTRAST = 4.5
# WCAG 2.2, success criterion 2.5.8, level AA.
LEAST_TARGET_PIXELS = 24
BULLET_PIXELS = 22
WELCOME, GERMAN = "a welcome", "in a German frame"
SOME = Choice(all_sources=False, source_ids=frozenset({1, 2, 3, 4, 6, 8, 13, 14}))

# For every word that is seen: its colour against the nearest ground that is painted.
LOW_CONTRAST = """() => {
  const parts = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const one = luminance(parts(getComputedStyle(element).color));
    const other = luminance(ground(element));
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < %s) found.push([walker.currentNode.data.slice(0, 40), ratio]);
  }
  return found;
}"""


def unbreakable() -> IssueContent:
    """Return a daily with words, addresses and code longer than any line."""
    word = "Donaudampfschifffahrtsgesellschaft" * 6
    story = replace(
        samples.WRITTEN[0],
        headline=word[:200],
        company=word[:200],
        body=f"{word}\n\n- {word}\n\n> {word}\n\n`{word}`\n\n```\n{word}\n```",
    )
    return samples.daily(stories=(story,), opening=word, patterns=word)


def laid_out() -> IssueContent:
    """Return a daily with lists, quotes and a table, to the right and to the left."""
    item = "انخفض زمن الإجابة إلى النصف"
    leftward = f"- {item}\n  - {item}\n- abc\n\n> {item}\n\n| {item} | b |\n|--|--|\n| 1 | 2 |"
    rightward = f"- abc\n  - def\n- {item}\n\n> abc\n\n| a | b | c |\n|--|--|--|\n| 1 | 2 | 3 |"
    stories = (
        replace(samples.WRITTEN[0], body=leftward),
        replace(samples.WRITTEN[1], body=rightward),
    )
    return samples.daily(stories=stories)


ISSUES = {
    "daily": (samples.daily(), SOME),
    "weekly": (samples.weekly(), Choice.everything()),
    "unbreakable": (unbreakable(), Choice.everything()),
    "laid out": (laid_out(), Choice.everything()),
    WELCOME: (samples.daily(), SOME),
    GERMAN: (samples.weekly(), Choice.everything()),
}


@pytest.fixture(autouse=True)
def publication(settings):
    settings.BASE_URL = "https://news.example.org"
    settings.PUBLICATION_NAME = "Engineering @ Scale"
    settings.POSTAL_ADDRESS = "Broadsheet, 12 Printer’s Yard, London"


@pytest.fixture
def show(browser):
    """Show HTML in a window; a mail that fetches anything fails its test."""
    contexts = []
    fetched = []

    def showing(html: str, *, width: int, scheme: str = "light", height: int = 900):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: fetched.append(request.url))
        page.set_content(html)
        return page

    yield showing
    for context in contexts:
        context.close()
    assert fetched == []


def html_of(name: str) -> str:
    content, choice = ISSUES[name]
    composer = Composer(render_issue(content, "de" if name == GERMAN else "en"))
    return composer.compose(choice, welcome=name == WELCOME).mail(LINKS).html


def without_styles(html: str) -> str:
    return re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)


FORMS = {
    "as it is": str,
    "without <style>": without_styles,
    "as Outlook's markup": lambda html: seen_by(html, "outlook"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("name", list(ISSUES))
def test_a_mail_fits_its_window_and_can_be_read(show, name, form):
    page = show(form(html_of(name)), width=WIDTHS[0])
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.compatMode") == "CSS1Compat"
            if form is not FORMS["as Outlook's markup"]:  # which is for wide windows alone
                assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(LOW_CONTRAST % LEAST_CONTRAST) == []


def test_dark_mode_is_dark_and_light_mode_light(show):
    html = html_of("daily")
    ground = "getComputedStyle(document.querySelector('.sheet')).backgroundColor"
    assert show(html, width=700, scheme="light").evaluate(ground) == "rgb(252, 251, 248)"
    assert show(html, width=700, scheme="dark").evaluate(ground) == "rgb(26, 25, 23)"


# For every item: how far its words begin from the side of the column that its bullet is at.
BULLET_ROOM = """() => [...document.querySelectorAll('li')].map((item) => {
  const side = getComputedStyle(item).direction === 'rtl' ? 'right' : 'left';
  const text = item.getBoundingClientRect()[side];
  const column = item.closest('td').getBoundingClientRect()[side];
  return Math.abs(text - column);
})"""


def test_every_bullet_has_room_on_its_own_side(show):
    rooms = show(html_of("laid out"), width=320).evaluate(BULLET_ROOM)
    assert len(rooms) == 8
    assert min(rooms) >= BULLET_PIXELS


def test_on_a_telephone_the_ways_out_are_apart_and_can_be_hit(show):
    page = show(html_of("daily"), width=320)
    boxes = [link.bounding_box() for link in page.locator(".ways a").all()]
    assert len(boxes) == 3
    assert min(box["height"] for box in boxes) >= LEAST_TARGET_PIXELS
    for above, below in pairwise(boxes):
        assert below["y"] >= above["y"] + above["height"]


@pytest.mark.parametrize("width", WIDTHS)
def test_fewer_like_this_is_quiet_and_can_be_hit(show, width):
    page = show(html_of("daily"), width=width)
    links = page.locator(".by a").all()
    assert len(links) == page.locator("h3").count()
    # As large and as grey as the by-line that it stands in, and on one line.
    looks = "element => ['color', 'fontSize'].map(name => getComputedStyle(element)[name])"
    assert {tuple(link.evaluate(looks)) for link in links} == {
        tuple(page.locator(".by").first.evaluate(looks))
    }
    heights = {round(link.bounding_box()["height"]) for link in links}
    assert len(heights) == 1
    assert min(heights) >= LEAST_TARGET_PIXELS


@pytest.mark.parametrize("form", ["as it is", "without <style>"])
def test_on_a_telephone_the_masthead_is_one_line(show, form):
    heading = show(FORMS[form](html_of("daily")), width=375).locator("h1")
    size = float(heading.evaluate("element => parseFloat(getComputedStyle(element).fontSize)"))
    assert heading.bounding_box()["height"] < 2 * size


def test_outlook_coms_dark_mode_finds_its_rules(show):
    page = show(html_of("daily"), width=700)
    page.evaluate("document.body.setAttribute('data-ogsc', '')")
    page.evaluate("document.body.setAttribute('data-ogsb', '')")
    assert page.evaluate(LOW_CONTRAST % LEAST_CONTRAST) == []
    colour = page.evaluate("getComputedStyle(document.querySelector('h2')).color")
    assert colour == "rgb(240, 165, 138)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["daily", "weekly", WELCOME, GERMAN])
def test_axe_finds_nothing_to_complain_about(show, name, scheme):
    page = show(html_of(name), width=700, scheme=scheme)
    # A mail is one article in somebody else's page, which has the landmarks.
    landmarks = {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}
    results = axe.Axe().run(page, options={"rules": landmarks})
    assert [violation["id"] for violation in results.response["violations"]] == []


PICTURED = {
    "mail-daily-light.png": ("daily", 700, 1000, "light"),
    "mail-daily-dark.png": ("daily", 700, 1000, "dark"),
    "mail-weekly-light.png": ("weekly", 700, 1000, "light"),
    "mail-daily-phone-light.png": ("daily", 375, 800, "light"),
    "mail-weekly-phone-dark.png": ("weekly", 375, 800, "dark"),
}


@pytest.mark.parametrize("file", list(PICTURED))
def test_pictures_for_the_readme_are_there(show, file, tmp_path):
    name, width, height, scheme = PICTURED[file]
    page = show(html_of(name), width=width, height=height, scheme=scheme)
    taken = (PICTURES if REGENERATE else tmp_path) / file
    page.screenshot(path=str(taken))
    assert taken.stat().st_size > 20_000
    assert (PICTURES / file).exists()
