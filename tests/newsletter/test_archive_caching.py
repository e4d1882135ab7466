"""Public pages are sent again only when something on them changed."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from newsletter import page_cache, steering, views
from newsletter.models import Issue, Story
from newsletter.page_cache import Shelf
from newsletter.planning import plan
from newsletter.publishing import publish, publish_all, publish_credited
from newsletter.states import IssueState
from tests.factories import (
    make_approved_issue,
    make_issue,
    make_reader,
    make_source,
    make_story,
    noon,
)
from tests.newsletter.public_issues import make_public

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = datetime(2099, 11, 22, 12, 30, 15, tzinfo=UTC)

FERRY_DAILY = "/archive/daily-2026-11-20/"
PORT_DAILY = "/archive/daily-2026-11-19/"
OLD_DAILY = "/archive/daily-2025-03-01/"
PAGES = (
    "/archive/",
    "/archive/?kind=daily",
    "/archive/?kind=weekly",
    "/archive/2026/",
    "/archive/2026/11/",
    "/archive/2025/",
    "/archive/2025/3/",
    "/archive/sources/",
    "/archive/sources/ferry/",
    "/archive/sources/port/",
    "/archive/search/?q=ice",
    "/archive/search/?q=sail",
    "/sitemap.xml",
    "/robots.txt",
    FERRY_DAILY,
    PORT_DAILY,
    OLD_DAILY,
)


@pytest.fixture
def shelf(monkeypatch):
    """Begin with an empty shelf, and look at it."""
    fresh: Shelf[bytes] = Shelf(page_cache.ROOM_BYTES)
    monkeypatch.setattr(page_cache, "bodies", fresh)
    return fresh


@pytest.fixture
def archive():
    """Three dailies of two sources, in two years; two of them are neighbours."""
    ferry, port = make_source("Ferry", slug="ferry"), make_source("Port", slug="port")
    for day, source, headline in (
        (date(2026, 11, 20), ferry, "Ice on the quay"),
        (date(2026, 11, 19), port, "Sails are set"),
        (date(2025, 3, 1), port, "Sails are torn"),
    ):
        issue = make_issue(state=IssueState.SENT.value, end=day, opening="", patterns="")
        make_story(issue, source, company="Harbour", headline=headline)
    publish_all(NOW)


def etags(client):
    return {path: client.get(path).headers["ETag"] for path in PAGES}


def changed(client, before):
    return {path for path, etag in etags(client).items() if etag != before[path]}


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


def test_a_page_says_when_something_on_it_last_changed(client, archive):
    Story.objects.filter(headline="Sails are torn").update(body="Corrected.")
    publish_all(LATER)
    stamp = "Sun, 22 Nov 2099 12:30:15 GMT"
    for path in PAGES:
        is_fresh = path in {
            *("/archive/", "/archive/?kind=daily", "/archive/2025/", "/archive/2025/3/"),
            *("/archive/sources/", "/archive/sources/port/", "/archive/search/?q=sail"),
            *("/sitemap.xml", OLD_DAILY),
        }
        assert (client.get(path).headers["Last-Modified"] == stamp) is is_fresh, path


def test_an_edited_text_changes_the_pages_that_show_it(client, archive):
    before = etags(client)
    Story.objects.filter(headline="Ice on the quay").update(body="Another text.")
    publish_all(LATER)
    assert changed(client, before) == {
        FERRY_DAILY,
        "/archive/sources/ferry/",
        "/archive/search/?q=ice",
        "/sitemap.xml",
    }


def test_an_edited_headline_changes_lists_too(client, archive):
    before = etags(client)
    Story.objects.filter(headline="Ice on the quay").update(headline="Ice at the quay")
    publish_all(LATER)
    assert changed(client, before) == {
        FERRY_DAILY,
        *("/archive/", "/archive/?kind=daily", "/archive/2026/", "/archive/2026/11/"),
        *("/archive/sources/ferry/", "/archive/search/?q=ice", "/sitemap.xml"),
    }


def test_a_correction_changes_its_issue_and_the_lists_that_tell_of_it(client, archive):
    before = etags(client)
    old = Issue.objects.filter(period_end__year=2025)
    old.update(correction_note="It was six.", corrected_at=NOW)
    publish_all(LATER)
    assert changed(client, before) == {
        OLD_DAILY,
        *("/archive/", "/archive/?kind=daily", "/archive/2025/", "/archive/2025/3/"),
        "/sitemap.xml",
    }
    before = etags(client)
    old.update(correction_note="It was seven.")
    publish_all(LATER.replace(minute=59))
    assert changed(client, before) == {OLD_DAILY, "/sitemap.xml"}


def test_a_renamed_source_changes_the_pages_that_name_it(client, archive):
    before = etags(client)
    source = Issue.objects.get(period_end=date(2026, 11, 20)).stories.get().sources.get()
    source.name = "The Ferry"
    source.save()
    publish_credited([source.pk], now=LATER)
    assert changed(client, before) == {
        FERRY_DAILY,
        *("/archive/sources/", "/archive/sources/ferry/"),
        *("/archive/search/?q=ice", "/sitemap.xml"),
    }


def test_an_issue_that_comes_and_is_withdrawn_leaves_the_pages_as_they_were(client, archive):
    before = etags(client)
    make_reader()
    issue = make_approved_issue(make_source("Ship", slug="ship"), end=date(2026, 11, 21))
    plan(issue, now=noon(issue))
    assert changed(client, before) == {
        FERRY_DAILY,  # it leads on to the next one
        *("/archive/", "/archive/?kind=daily", "/archive/2026/", "/archive/2026/11/"),
        *("/archive/sources/", "/sitemap.xml"),
    }
    steering.cancel(issue, now=LATER)
    assert changed(client, before) == set()
    assert client.get(f"/archive/{issue.slug}/").status_code == 404


def test_an_unapproved_edit_changes_nothing_while_an_issue_is_sent(client):
    make_reader()
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    path = f"/archive/{issue.slug}/"
    before = client.get(path).headers["ETag"]
    Issue.objects.update(opening="A secret note")
    publish(issue.pk, now=LATER)
    assert client.get(path).headers["ETag"] == before


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PUBLICATION_NAME", "Another Name"),
        ("PUBLICATION_TAGLINE", "Another line"),
        ("BASE_URL", "https://digest.example"),
        ("PUBLICATION_LANGUAGE", "fr"),
    ],
)
def test_a_setting_that_pages_show_changes_them(client, archive, settings, setting, value):
    before = etags(client)
    setattr(settings, setting, value)
    assert changed(client, before) == set(PAGES)


def test_another_release_changes_all_pages(client, archive, monkeypatch):
    before = etags(client)
    monkeypatch.setattr(page_cache, "release", lambda: ("another",))
    assert changed(client, before) == set(PAGES)


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


@pytest.mark.parametrize("other_is_later", [True, False])
def test_a_correction_is_seen_in_whatever_order_changes_are_committed(
    client, archive, other_is_later
):
    first, second = Issue.objects.order_by("period_end")[:2]
    state = page_cache.archive_state()
    Story.objects.filter(issue=second).update(body="Another text.")
    publish(second.pk, now=LATER if other_is_later else NOW)
    between = page_cache.archive_state()
    # What a transaction wrote that began before and is committed now.
    Story.objects.filter(issue=first).update(body="Corrected.")
    publish(first.pk, now=NOW)
    assert len({state, between, page_cache.archive_state()}) == 3


def test_an_issue_changed_back_is_another_state_of_the_archive(archive):
    issue = Issue.objects.earliest("period_end")
    body = issue.stories.get().body
    states = [page_cache.archive_state()]
    for text in ("Another text.", body, "Another text."):
        issue.stories.update(body=text)
        publish(issue.pk, now=NOW)
        states.append(page_cache.archive_state())
    assert len(set(states)) == 4
