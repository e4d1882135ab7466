"""Feeds read back, and held to what their specifications ask for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

ATOM = "{http://www.w3.org/2005/Atom}"
# JSON Feed 1.1: the keys of a feed, an item and an author, and which must be there.
FEED_KEYS = {
    "version": str,
    "title": str,
    "home_page_url": str,
    "feed_url": str,
    "description": str,
    "icon": str,
    "favicon": str,
    "authors": list,
    "language": str,
    "expired": bool,
    "items": list,
}
ITEM_KEYS = {
    "id": str,
    "url": str,
    "external_url": str,
    "title": str,
    "content_html": str,
    "content_text": str,
    "summary": str,
    "date_published": str,
    "date_modified": str,
    "authors": list,
    "tags": list,
    "language": str,
}
AUTHOR_KEYS = {"name": str, "url": str, "avatar": str}


@dataclass(frozen=True)
class ReadEntry:
    id: str
    url: str
    title: str
    html: str
    published: datetime
    updated: datetime
    author: str
    related: str


@dataclass(frozen=True)
class ReadFeed:
    id: str
    title: str
    self_url: str
    home_url: str
    language: str
    author: str
    entries: list[ReadEntry]


def moment(text: str) -> datetime:
    """Read an RFC 3339 time, which has a zone."""
    found = datetime.fromisoformat(text)
    assert found.tzinfo is not None
    return found


def is_absolute(url: str) -> bool:
    return urlsplit(url).scheme in {"http", "https"} and bool(urlsplit(url).netloc)


def only(parent: ElementTree.Element, name: str) -> ElementTree.Element:
    found = parent.findall(f"{ATOM}{name}")
    assert len(found) == 1, f"{len(found)} of {name} in {parent.tag}"
    return found[0]


def text_of(parent: ElementTree.Element, name: str) -> str:
    return only(parent, name).text or ""


def links_of(parent: ElementTree.Element) -> dict[str, str]:
    found = [(link.get("rel"), link.get("href")) for link in parent.findall(f"{ATOM}link")]
    assert len(dict(found)) == len(found), "RFC 4287 §4.1.1: no two alternates of a type"
    assert all(is_absolute(href or "") for _rel, href in found)
    return {rel or "alternate": href or "" for rel, href in found}


def atom_of(document: bytes) -> ReadFeed:
    """Read an Atom feed; fail where RFC 4287 §4.1 forbids it."""
    root = ElementTree.fromstring(document)  # noqa: S314  our own
    assert root.tag == f"{ATOM}feed"
    links = links_of(root)
    feed = ReadFeed(
        id=text_of(root, "id"),
        title=text_of(root, "title"),
        self_url=links["self"],
        home_url=links["alternate"],
        language=root.get("{http://www.w3.org/XML/1998/namespace}lang", ""),
        author=text_of(only(root, "author"), "name"),
        entries=[atom_entry_of(entry) for entry in root.findall(f"{ATOM}entry")],
    )
    assert urlsplit(feed.id).scheme
    updated = moment(text_of(root, "updated"))
    assert all(entry.updated <= updated for entry in feed.entries)
    assert len({entry.id for entry in feed.entries}) == len(feed.entries)
    return feed


def atom_entry_of(entry: ElementTree.Element) -> ReadEntry:
    content = only(entry, "content")
    assert content.get("type") == "html"
    links = links_of(entry)
    author = entry.find(f"{ATOM}author")
    found = ReadEntry(
        id=text_of(entry, "id"),
        url=links["alternate"],
        title=text_of(entry, "title"),
        html=content.text or "",
        published=moment(text_of(entry, "published")),
        updated=moment(text_of(entry, "updated")),
        author="" if author is None else text_of(author, "name"),
        related=links.get("related", ""),
    )
    assert urlsplit(found.id).scheme
    return found


def keys_fit(values: dict[str, Any], keys: Mapping[str, type]) -> bool:
    return all(name in keys and isinstance(value, keys[name]) for name, value in values.items())


def json_feed_of(document: bytes) -> ReadFeed:
    """Read a JSON feed; fail where its version 1.1 forbids it."""
    feed = json.loads(document.decode("utf-8"))
    assert keys_fit(feed, FEED_KEYS)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert is_absolute(feed["feed_url"])
    assert is_absolute(feed["home_page_url"])
    ids = [item["id"] for item in feed["items"]]
    assert len(set(ids)) == len(ids)
    assert all(keys_fit(author, AUTHOR_KEYS) for author in feed["authors"])
    return ReadFeed(
        id=feed["feed_url"],
        title=feed["title"],
        self_url=feed["feed_url"],
        home_url=feed["home_page_url"],
        language=feed["language"],
        author=feed["authors"][0]["name"],
        entries=[json_entry_of(item) for item in feed["items"]],
    )


def json_entry_of(item: dict[str, Any]) -> ReadEntry:
    assert keys_fit(item, ITEM_KEYS)
    assert item["id"]
    assert "content_html" in item or "content_text" in item
    assert is_absolute(item["url"])
    assert is_absolute(item.get("external_url", "https://none.example/"))
    authors = item.get("authors", [])
    assert all(keys_fit(author, AUTHOR_KEYS) for author in authors)
    return ReadEntry(
        id=item["id"],
        url=item["url"],
        title=item["title"],
        html=item["content_html"],
        published=moment(item["date_published"]),
        updated=moment(item["date_modified"]),
        author=authors[0]["name"] if authors else "",
        related=item.get("external_url", ""),
    )
