"""Public pages are sent again only when something on them changed."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from newsletter import page_cache, views
from newsletter.models import Issue
from newsletter.page_cache import Shelf
from newsletter.publishing import publish
from newsletter.states import IssueState
from tests.factories import make_source
from tests.newsletter.public_issues import make_public
from tests.newsletter.small_archive import (
    FERRY_DAILY,
    LATER,
    OLD_DAILY,
    PAGES,
    PORT_DAILY,
    etags,
    make_archive,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(monkeypatch):
    """Begin with an empty shelf, and look at it."""
    fresh: Shelf[bytes] = Shelf(page_cache.ROOM_BYTES)
    monkeypatch.setattr(page_cache, "bodies", fresh)
    return fresh


@pytest.fixture
def archive():
    make_archive()


def test_every_page_is_answered_from_what_somebody_has(client, archive):
    for path in PAGES:
        page = client.get(path)
        assert page.headers["Cache-Control"] == "public, no-cache"
        assert {"Accept-Language", "Cookie"} <= set(page.headers["Vary"].split(", "))
        again = client.get(path, headers={"If-None-Match": page.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b""), path
        for kept in ("ETag", "Last-Modified", "Cache-Control", "Vary"):
            assert again.headers[kept] == page.headers[kept]


def test_a_time_is_heard_for_issues_alone_and_in_one_language(client, archive):
    for path in PAGES:
        asked = {"If-Modified-Since": client.get(path).headers["Last-Modified"]}
        expected = 304 if path in {FERRY_DAILY, PORT_DAILY, OLD_DAILY} else 200
        assert client.get(path, headers=asked).status_code == expected, path
        german = client.get(path, headers={"accept-language": "de", **asked})
        assert german.status_code == 200
        assert "Last-Modified" not in german.headers


def test_an_issue_is_as_new_as_the_one_that_it_leads_on_to(client, archive, monkeypatch):
    page = client.get(FERRY_DAILY)
    asked = {"If-Modified-Since": page.headers["Last-Modified"]}
    make_public(make_source(), end=date(2026, 11, 21), now=LATER)
    assert client.get(FERRY_DAILY, headers=asked).status_code == 200


def test_what_is_published_while_a_page_is_rendered_is_on_it(client, archive, shelf, monkeypatch):
    issue = Issue.objects.get(slug=FERRY_DAILY.split("/")[2])
    real = views.neighbours

    def change(headline):
        issue.stories.update(headline=headline)
        publish(issue.pk, now=LATER)

    def late(found):
        if issue.stories.exclude(headline="A mistake").exists():
            change("A mistake")
        return real(found)

    monkeypatch.setattr(views, "neighbours", late)
    assert "A mistake" in client.get(FERRY_DAILY).content.decode()
    monkeypatch.undo()
    page_cache.editions.clear()
    change("Ice on the quay")
    assert "A mistake" not in client.get(FERRY_DAILY).content.decode()


def test_an_issue_that_is_withdrawn_while_its_page_is_rendered_is_not_there(
    client, archive, shelf, monkeypatch
):
    issue = Issue.objects.get(slug=FERRY_DAILY.split("/")[2])
    real = views.neighbours

    def late(found):
        Issue.objects.filter(pk=issue.pk).update(state=IssueState.DRAFT.value)
        publish(issue.pk, now=LATER)
        return real(found)

    monkeypatch.setattr(views, "neighbours", late)
    assert client.get(FERRY_DAILY).status_code == 404


def test_no_page_is_the_same_as_another(client, archive):
    assert len(set(etags(client).values())) == len(PAGES)


def test_a_known_page_is_not_rendered(client, archive, monkeypatch):
    known = etags(client)
    monkeypatch.setattr(page_cache, "render_to_string", None)
    for path, etag in known.items():
        assert client.get(path, headers={"If-None-Match": etag}).status_code == 304


def test_a_page_is_rendered_once_and_searches_are_not_kept(client, archive, shelf, monkeypatch):
    first = {path: client.get(path).content for path in PAGES}
    assert len(shelf.things) == len(PAGES) - 2
    monkeypatch.setattr(page_cache, "render_to_string", None)
    for path in PAGES:
        if "search" not in path:
            assert client.get(path).content == first[path]


@pytest.mark.parametrize("value", ['W/"%s"', '"other", "%s"', "*"])
def test_an_etag_is_known_in_every_form_that_clients_send(client, archive, value):
    etag = client.get("/archive/").headers["ETag"].strip('"')
    asked = value.replace("%s", etag)
    assert client.get("/archive/", headers={"If-None-Match": asked}).status_code == 304


@pytest.mark.parametrize("value", ['"other"', "", "no quotes", '"', "\x01"])
def test_another_etag_gets_the_page_whatever_its_time_says(client, archive, value):
    time = client.get("/archive/").headers["Last-Modified"]
    headers = {"If-None-Match": value, "If-Modified-Since": time}
    assert client.get("/archive/", headers=headers).status_code == 200


@pytest.mark.parametrize("value", ["", "yesterday", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_another_time_gets_the_page(client, archive, value):
    assert client.get("/archive/", headers={"If-Modified-Since": value}).status_code == 200


def test_each_language_has_pages_of_its_own(client, archive):
    english = client.get("/archive/", headers={"accept-language": "en"})
    with translation.override("de"):
        german = client.get("/archive/", headers={"accept-language": "de"})
    assert english.headers["ETag"] != german.headers["ETag"]
    assert 'lang="de"' in german.content.decode()
    again = {"accept-language": "de", "if-none-match": english.headers["ETag"]}
    assert client.get("/archive/", headers=again).status_code == 200


def test_what_one_visitor_sent_is_in_nobody_elses_page(client, archive, shelf):
    client.cookies["sessionid"] = "a-secret-cookie"
    first = client.get("/archive/?utm_source=a-secret-campaign", headers={"host": "localhost"})
    for page in (first, client.get("/archive/")):
        assert "a-secret" not in page.content.decode()
        assert not page.cookies
    assert "csrf" not in first.content.decode()


def test_as_long_as_nothing_changes_a_page_of_issues_costs_one_question(client, archive):
    for path in PAGES:
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        is_searched = "search" in path or "sources" in path
        assert len(captured) <= (4 if is_searched else 1), path
