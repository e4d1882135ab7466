"""Mails made for tests, and ways to look into them."""

from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

import html5lib

from newsletter.composing import ComposedMail, Composer, PersonalLinks
from newsletter.content import IssueContent
from newsletter.rendering import render_issue
from subscribers.audience import Choice
from tests import samples
from tests.golden.dom import seen_by

LINKS = PersonalLinks(
    unsubscribe_url="https://news.example.org/u/token",
    choices_url="https://news.example.org/choices/token",
    read_url="https://news.example.org/read/token",
    mute_token="token",
    address="reader@example.com",
)


def mail_of(content: IssueContent) -> ComposedMail:
    return Composer(render_issue(content)).compose(Choice.everything()).mail(LINKS)


def with_story(**changes: Any) -> ComposedMail:
    """Return the mail of a daily whose only story is changed so."""
    return mail_of(samples.daily(stories=(replace(samples.WRITTEN[0], **changes),)))


def parsed(html: str) -> Element:
    return html5lib.parse(seen_by(html, "web"), namespaceHTMLElements=False)


def words(element: Element) -> str:
    return "".join(element.itertext())


def body_words(html: str) -> str:
    """Return what a reader sees, without the preview for the inbox."""
    article = parsed(html).find(".//div[@role='article']")
    assert article is not None
    return words(article)
