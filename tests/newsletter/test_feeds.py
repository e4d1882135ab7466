"""Feeds as plain values, written in both forms and read back."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.feeds import BEFORE_ALL, FORMS, Entry, Feed, tag
from tests.newsletter.feed_documents import atom_of, json_feed_of

READERS = {"atom": atom_of, "json": json_feed_of}
FRIDAY = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)


def entry(number=1, **fields):
    return Entry(
        **{
            "id": tag("digest.example", date(2026, 11, number), "daily"),
            "url": f"https://digest.example/archive/daily-2026-11-{number:02}/",
            "title": f"Line {number}",
            "html": "<p>Ice &amp; snow</p>",
            "published": FRIDAY,
            "updated": FRIDAY,
            **fields,
        }
    )


def feed(*entries, **fields):
    return Feed(
        **{
            "id": "https://digest.example/feeds/all.atom",
            "title": "The Harbour Post",
            "self_url": "https://digest.example/feeds/all.atom",
            "home_url": "https://digest.example/archive/",
            "author": "The Harbour Post",
            "language": "en",
            "entries": entries,
            **fields,
        }
    )


def read_back(form, written):
    return READERS[form](FORMS[form].write(written))


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_can_be_read(form):
    story = entry(
        2,
        title="Ferries & <tugs>",
        author="Harbour Ltd",
        related_url="https://harbour.example/a?b=1&c=2",
        updated=FRIDAY + timedelta(days=1),
    )
    found = read_back(form, feed(entry(1), story))
    assert (found.title, found.author, found.language) == (
        "The Harbour Post",
        "The Harbour Post",
        "en",
    )
    assert found.self_url == "https://digest.example/feeds/all.atom"
    assert found.home_url == "https://digest.example/archive/"
    plain, told = found.entries
    assert plain.html == "<p>Ice &amp; snow</p>"
    assert (plain.author, plain.related) == ("", "")
    assert told.title == "Ferries & <tugs>"
    assert (told.author, told.related) == ("Harbour Ltd", "https://harbour.example/a?b=1&c=2")
    assert (told.published, told.updated) == (FRIDAY, FRIDAY + timedelta(days=1))


@pytest.mark.parametrize("form", FORMS)
def test_a_feed_without_entries_is_a_feed(form):
    assert read_back(form, feed()).entries == []
    assert feed().updated == BEFORE_ALL


def test_a_feed_changed_when_its_last_changed_entry_did():
    later = FRIDAY + timedelta(hours=3)
    assert feed(entry(1), entry(2, updated=later), entry(3)).updated == later


@pytest.mark.parametrize("form", FORMS)
def test_times_are_told_in_utc(form):
    india = FRIDAY.astimezone(timezone(timedelta(hours=5, minutes=30)))
    found = read_back(form, feed(entry(updated=india)))
    assert found.entries[0].updated == FRIDAY
    assert b"2026-11-20T07:30:00Z" in FORMS[form].write(feed(entry(updated=india)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "character", ["\x00", "\x08", "\x1f", "\x7f", "\ud800", "\uffff", "\ufdd0"]
)
def test_characters_that_no_document_can_hold_are_left_out(form, character):
    odd = f"a{character}b"
    found = read_back(form, feed(entry(title=odd, html=odd, author=odd), title=odd, author=odd))
    assert {found.title, found.author} == {"ab"}
    assert {found.entries[0].title, found.entries[0].html, found.entries[0].author} == {"ab"}


@given(text=st.text(st.characters(codec=None), max_size=60))
def test_any_text_at_all_makes_a_valid_feed(text):
    anything = entry(title=text, html=text, author=text)
    for form in FORMS:
        found = read_back(form, feed(anything, title=text, author=text))
        assert len(found.entries) == 1


def test_a_title_is_one_line():
    assert read_back("atom", feed(entry(title="Ice\n on  the quay "))).entries[0].title == (
        "Ice on the quay"
    )


def test_a_tag_names_the_house_the_day_and_the_thing():
    assert tag("digest.example", date(2026, 11, 20), "daily/ice") == (
        "tag:digest.example,2026-11-20:daily/ice"
    )
