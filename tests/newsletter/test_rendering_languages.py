"""The words around the stories in a reader's language, and what editors wrote in its own."""

from collections.abc import Iterator
from dataclasses import replace
from xml.etree.ElementTree import Element

import pytest
from django.utils import translation

from newsletter.composing import Composer
from newsletter.rendering import RenderError, render_all, render_issue, sizes
from subscribers.audience import Choice
from tests import samples
from tests.mails import LINKS, parsed

# In another script than the samples: what is marked as foreign is seen.
FRAMES = ["de", "ar"]


@pytest.fixture(autouse=True)
def publication(settings):
    settings.PUBLICATION_NAME = "Engineering @ Scale"
    settings.PUBLICATION_LANGUAGE = "en"


def html_in(language, content, *, welcome=False):
    composition = Composer(render_issue(content, language)).compose(
        Choice.everything(), welcome=welcome
    )
    return composition.mail(LINKS).html


def with_language(element: Element, language: str = "") -> Iterator[tuple[Element, str]]:
    """Give every element with the language that a reader of it is told."""
    language = element.get("lang", language)
    yield element, language
    for child in element:
        yield from with_language(child, language)


def languages_of(html: str, *names: str) -> set[str]:
    return {
        language
        for element, language in with_language(parsed(html))
        if element.tag in names or element.get("class") in names
    }


@pytest.mark.parametrize("language", FRAMES)
@pytest.mark.parametrize("content", [samples.daily(), samples.weekly()], ids=["daily", "weekly"])
def test_what_editors_wrote_is_in_its_own_language_and_the_frame_in_the_readers(content, language):
    html = html_in(language, content, welcome=True)
    assert parsed(html).get("lang") == language
    assert languages_of(html, "h3", "li", "blockquote", "code") == {"en"}
    assert languages_of(html, "h2", "date", "line", "small", "ways") == {language}
    told = {element.get("href"): of for element, of in with_language(parsed(html))}
    assert told["https://news.example.org/choices/token"] == language
    assert {of for href, of in told.items() if href and "/f/token/" in href} == {language}
    for part in ("opening", "patterns"):
        cell = next(e for e in parsed(html).iter("td") if e.get("class") == part)
        of = {element.tag: told for element, told in with_language(cell, language)}
        assert (of["h2"], of["p"]) == (language, "en")


def test_who_wrote_about_it_is_said_in_the_readers_language():
    story = replace(samples.WRITTEN[0], company="Netflix", via="InfoQ")
    html = html_in("de", samples.daily(stories=(story,)))
    credit = next(e for e, _ in with_language(parsed(html)) if e.tag == "span" and e.get("lang"))
    assert credit.get("lang") == "de"
    assert "InfoQ" in (credit.text or "")
    assert "Netflix" not in (credit.text or "")


@pytest.mark.parametrize("language", ["en", "de"])
def test_where_there_is_one_language_it_is_said_once(settings, language):
    settings.PUBLICATION_LANGUAGE = language
    tree = parsed(html_in(language, samples.weekly(), welcome=True))
    said = [element.tag for element in tree.iter() if element.get("lang")]
    assert said == ["html", "div"]  # MJML says it once more, for those who drop <html>


def test_every_language_of_the_house_is_rendered(settings):
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français")]
    rendered = render_all(samples.daily())
    assert {key: issue.language for key, issue in rendered.items()} == {
        "en": "en",
        "de": "de",
        "fr": "fr",
    }
    assert rendered["en"] == render_issue(samples.daily())


@pytest.mark.parametrize("content", [samples.daily(), samples.weekly()], ids=["daily", "weekly"])
def test_plain_text_keeps_to_72_columns_in_german_too(content):
    composer = Composer(render_issue(content, "de"))
    text = composer.compose(Choice.everything(), welcome=True).mail(LINKS).text
    assert [line for line in text.splitlines() if len(line) > 72 and "http" not in line] == []


def test_a_german_date_is_written_as_germans_write_it():
    html = html_in("de", samples.daily())
    assert "Freitag, 20. November 2026" in html


def largest(language):
    """Return the least limit that the mails of a language keep to."""
    rendered = render_issue(samples.daily(1), language)
    fixed = sizes.fixed_length(rendered, welcome=True)
    return sizes.with_soft_breaks(fixed + sizes.story_length(rendered.stories[0]))


def test_a_mail_too_large_in_one_language_is_refused_in_the_editors_words(monkeypatch):
    assert largest("en") < largest("de")
    monkeypatch.setattr(sizes, "MAIL_LIMIT_BYTES", largest("en"))
    assert render_issue(samples.daily(1), "en")
    with pytest.raises(RenderError, match=r"With this story alone the mail has \d+ bytes"):
        render_all(samples.daily(1))


@pytest.mark.parametrize("editor", ["en", "de"])
def test_what_is_wrong_is_told_in_the_editors_language(editor):
    broken = samples.daily(stories=(replace(samples.WRITTEN[0], headline=" "),))
    with translation.override(editor):
        with pytest.raises(RenderError) as told:
            render_issue(broken)
        for language in ("en", "de"):
            with pytest.raises(RenderError) as caught:
                render_issue(broken, language)
            assert caught.value.reason == told.value.reason
        assert translation.get_language() == editor
