"""The page of a search."""

import re
from datetime import UTC, datetime

import pytest

from newsletter.publishing import publish_all
from newsletter.search_views import RESULTS_A_PAGE
from newsletter.states import IssueState
from tests.factories import make_issue, make_source, make_story
from tests.newsletter.admin_pages import text_of

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def sent(kind="daily", **fields):
    return make_issue(kind, state=IssueState.SENT.value, **fields)


def ask(client, **query):
    publish_all(NOW)
    response = client.get("/archive/search/", query)
    assert response.status_code == 200
    return response


def test_a_result_is_dated_marked_and_leads_to_its_place(client):
    issue = sent()
    make_story(issue, key="ice", headline="Ice & quay", company="Port", body="So *much* ice.")
    page = ask(client, q="ICE").content.decode()
    assert f'href="/archive/{issue.slug}/#ice"><mark>Ice</mark> &amp; quay</a>' in page
    assert "So much <mark>ice</mark>." in page
    assert '<time datetime="2026-11-20">20 Nov 2026</time>' in page
    assert "1 result" in page
    assert 'name="robots" content="noindex"' in page
    assert 'value="ICE"' in page


@pytest.mark.parametrize(
    ("kind", "title"), [("daily", "Signal of the Day"), ("weekly", "The Week in Review")]
)
def test_parts_without_a_headline_are_called_what_stands_above_them(client, kind, title):
    issue = sent(kind, opening="The ice came.", patterns="Ice everywhere.")
    page = ask(client, q="ice")
    html = page.content.decode()
    assert title in text_of(page)
    assert "Patterns Across Companies" in text_of(page)
    for part in ("opening", "patterns"):
        assert f'href="/archive/{issue.slug}/#part.{part}"' in html
        assert f'id="part.{part}"' in client.get(f"/archive/{issue.slug}/").content.decode()


def test_without_words_the_page_says_what_can_be_asked(client):
    assert "in any order" in text_of(ask(client))
    assert "no word in this" in text_of(ask(client, q="?!"))
    assert "no word in this" not in text_of(ask(client, q="   "))


def test_nothing_found_is_said_with_advice(client):
    make_story(sent(), make_source("Ferry", slug="ferry"))
    page = ask(client, q="<b>desert</b>", kind="daily", source="ferry")
    assert "Nothing in the archive has all the words of “<b>desert</b>”." in text_of(page)
    assert 'href="?q=%3Cb%3Edesert%3C/b%3E"' in page.content.decode()
    assert "<b>desert" not in page.content.decode()


def test_a_search_keeps_its_kind_and_source_from_page_to_page(client):
    ferry = make_source("Ferry", slug="ferry")
    issue = sent()
    for number in range(RESULTS_A_PAGE + 1):
        make_story(issue, ferry, headline=f"Ice {number}")
    page = ask(client, q="ice & snow", kind="daily", source="ferry")
    assert "Nothing in the archive" in text_of(page)
    html = ask(client, q="ice &", kind="daily", source="ferry").content.decode()
    assert 'href="?q=ice+%26&amp;kind=daily&amp;source=ferry&amp;page=2"' in html
    assert '<input type="hidden" name="kind" value="daily">' in html
    assert '<input type="hidden" name="source" value="ferry">' in html
    assert f"{RESULTS_A_PAGE + 1} results" in html
    for wanted in ("2", "99999"):
        last = ask(client, q="ice", page=wanted).content.decode()
        assert len(re.findall("<mark>Ice</mark>", last)) == 1
    for wanted in ("abc", "-5", "9" * 50):
        assert "<mark>Ice</mark>" in ask(client, q="ice", page=wanted).content.decode()


@pytest.mark.parametrize("query", [{"kind": "monthly"}, {"source": "nothing"}, {"kind": "\0"}])
def test_what_does_not_exist_is_not_found(client, query):
    assert client.get("/archive/search/", {"q": "ice", **query}).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        '"><script>alert(1)</script>',
        "\0",
        "ice\0quay",
        "x" * 5_000,
        "NEAR(a b) OR * : ^",
        "\ud800",
        "\u202eice",
        "{{ settings }} {% now %}",
    ],
)
def test_no_query_breaks_the_page_or_runs(client, query):
    make_story(sent(), headline="Ice", body="<script>alert(1)</script> ice")
    query = query.encode("utf-8", "surrogatepass")
    response = client.get(b"/archive/search/?q=".decode() + "".join(f"%{b:02x}" for b in query))
    assert response.status_code == 200
    assert "<script>alert" not in response.content.decode()


def test_the_archive_has_the_form_as_soon_as_there_is_something_to_find(client):
    assert 'role="search"' not in client.get("/archive/").content.decode()
    sent()
    publish_all(NOW)
    assert 'role="search"' in client.get("/archive/").content.decode()


@pytest.mark.parametrize("source", ["\0", "a\0b", "no-such-source", "a b", "x" * 10_000, "’"])
def test_a_source_that_cannot_be_is_not_found(client, source):
    assert client.get("/archive/search/", {"q": "ice", "source": source}).status_code == 404
