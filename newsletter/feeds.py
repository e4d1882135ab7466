"""Feeds as plain values, written as Atom (RFC 4287) and as JSON Feed 1.1. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from xml.etree import ElementTree as ET

from newsletter.rendering.cleaning import clean, clean_line

ATOM_NAMESPACE = "http://www.w3.org/2005/Atom"
JSON_FEED_VERSION = "https://jsonfeed.org/version/1.1"
# RFC 4287 §4.2.15 wants a time of every feed; before our first issue nothing changed.
BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One issue or story. Addresses are absolute, times are aware, ``html`` is sanitised.

    ``related_url`` is what a story is about, on another site; ``author`` who wrote of it, if
    that is not the publication. Both may be empty.
    """

    id: str
    url: str
    title: str
    html: str
    published: datetime
    updated: datetime
    author: str = ""
    related_url: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """What a program subscribes to. ``language`` is a BCP 47 tag, entries are newest first.

    Programs know a feed by ``id``: it stays when addresses change.
    """

    id: str
    title: str
    self_url: str
    home_url: str
    author: str
    language: str
    entries: tuple[Entry, ...]

    @property
    def updated(self) -> datetime:
        """When any entry last changed."""
        return max((entry.updated for entry in self.entries), default=BEFORE_ALL)


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write feeds, by the ending of its address."""

    ending: str
    content_type: str
    write: Callable[[Feed], bytes]


def tag(host: str, day: date, name: str) -> str:
    """Return a name for ever (RFC 4151), whatever address an entry has later."""
    return f"tag:{host},{day.isoformat()}:{name}"


def atom(feed: Feed) -> bytes:
    """Write a feed as an Atom document. What XML 1.0 has no place for is left out."""
    root = ET.Element("feed", {"xmlns": ATOM_NAMESPACE, "xml:lang": feed.language})
    add(root, "id", feed.id)
    add(root, "title", clean_line(feed.title))
    add(root, "updated", rfc3339(feed.updated))
    add_link(root, "self", feed.self_url, "application/atom+xml")
    add_link(root, "alternate", feed.home_url, "text/html")
    add(ET.SubElement(root, "author"), "name", clean_line(feed.author))
    for entry in feed.entries:
        add_entry(root, entry)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def add_entry(root: ET.Element, entry: Entry) -> None:
    element = ET.SubElement(root, "entry")
    add(element, "id", entry.id)
    add(element, "title", clean_line(entry.title))
    add(element, "published", rfc3339(entry.published))
    add(element, "updated", rfc3339(entry.updated))
    add_link(element, "alternate", entry.url, "text/html")
    if entry.related_url:
        add_link(element, "related", entry.related_url)
    if author := clean_line(entry.author):
        add(ET.SubElement(element, "author"), "name", author)
    add(element, "content", clean(entry.html), {"type": "html"})


def add(
    parent: ET.Element, name: str, text: str, attributes: Mapping[str, str] | None = None
) -> None:
    ET.SubElement(parent, name, dict(attributes or {})).text = text


def add_link(parent: ET.Element, relation: str, url: str, media_type: str = "") -> None:
    attributes = {"rel": relation, "href": url}
    ET.SubElement(parent, "link", attributes | ({"type": media_type} if media_type else {}))


def json_feed(feed: Feed) -> bytes:
    """Write a feed as JSON Feed 1.1."""
    document = {
        "version": JSON_FEED_VERSION,
        "title": clean_line(feed.title),
        "home_page_url": feed.home_url,
        "feed_url": feed.self_url,
        "language": feed.language,
        "authors": [{"name": clean_line(feed.author)}],
        "items": [json_item(entry) for entry in feed.entries],
    }
    return json.dumps(document, ensure_ascii=False).encode()


def json_item(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.id,
        "url": entry.url,
        "title": clean_line(entry.title),
        "content_html": clean(entry.html),
        "date_published": rfc3339(entry.published),
        "date_modified": rfc3339(entry.updated),
    }
    if entry.related_url:
        item["external_url"] = entry.related_url
    if author := clean_line(entry.author):
        item["authors"] = [{"name": author}]
    return item


def rfc3339(moment: datetime) -> str:
    """Return a time in UTC as RFC 3339 has it, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


FORMS = {
    form.ending: form
    for form in (
        Form("atom", "application/atom+xml; charset=utf-8", atom),
        # The JSON Feed 1.1 specification names this type; JSON has no charset (RFC 8259 §11).
        Form("json", "application/feed+json", json_feed),
    )
}
