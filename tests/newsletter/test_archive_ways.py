"""Ways through the archive: feeds to be seen, a search where people are lost, anchors."""

import re

import pytest

from tests.factories import make_story, make_thread
from tests.newsletter.archive_pages import sent, text_of
from tests.subscribers.pages import title_of

pytestmark = pytest.mark.django_db

SEARCH = '<form class="search-form"'


def test_the_archive_shows_the_way_to_its_feeds(client):
    sent()
    page = text_of(client, "/archive/")
    nav = re.search(r'<nav class="years" aria-labelledby="feeds">(.*?)</nav>', page, re.DOTALL)
    assert nav
    links = re.findall(r'<a href="([^"]+)">([^<]+)</a>', nav[1])
    assert links == [
        ("/feeds/all.atom", "All"),
        ("/feeds/daily.atom", "Dailies"),
        ("/feeds/weekly.atom", "Weeklies"),
        ("/feeds/all.json", "All as JSON"),
    ]
    for address, _text in links:
        assert client.get(address).status_code == 200


def test_an_archive_without_issues_promises_no_feeds(client):
    assert "/feeds/all.json" not in text_of(client, "/archive/").partition("<body>")[2]


def test_years_months_and_issues_end_with_a_search(client):
    issue = sent()
    for path in ("/archive/2026/", "/archive/2026/11/", f"/archive/{issue.slug}/"):
        assert text_of(client, path).count(SEARCH) == 1, path


@pytest.mark.django_db(databases=[])
def test_who_is_lost_finds_a_search_even_while_the_database_is_away(client):
    response = client.get("/nothing/here")
    assert response.status_code == 404
    page = response.content.decode()
    assert SEARCH in page
    assert 'action="/archive/search/"' in page


@pytest.mark.parametrize(
    ("code", "daily"), [("en", "Friday, 20 November 2026"), ("de", "Freitag, 20. November 2026")]
)
def test_an_issue_is_called_by_its_day_in_the_pages_language(client, settings, code, daily):
    settings.PUBLICATION_NAME = "Harbour News"
    issue = sent()
    make_story(issue)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = code
    page = text_of(client, f"/archive/{issue.slug}/")
    assert title_of(page) == f"{daily} · Harbour News"
    assert f"<h1>{daily}</h1>" in page


def anchor_of(key):
    return rf'&nbsp;<a class="anchor"\s+href="/archive/[^"]+#{key}"'


def test_an_anchor_never_stands_alone_on_a_line(client):
    """Nothing but a space that does not break is before it, in the by-line or the heading."""
    issue = sent("weekly")
    make_story(issue, key="bare", company="")
    make_story(issue, key="named", company="Harbour Ltd")
    make_thread(issue, key="slow-boats")
    page = text_of(client, f"/archive/{issue.slug}/")
    in_byline = r'<p class="byline">[^<]*Harbour Ltd{}'
    in_heading = r"<h3>(?:(?!</h3>).)*</(?:a|span)>{}(?:(?!</h3>).)*</h3>"
    assert re.search(in_byline.format(anchor_of("named")), page)
    for key in ("bare", "slow-boats"):
        assert re.search(in_heading.format(anchor_of(key)), page, re.DOTALL), key
