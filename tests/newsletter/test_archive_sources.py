"""The archive by source."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.publishing import publish_all, publish_credited
from newsletter.source_views import STORIES_A_PAGE
from newsletter.states import IssueState
from subscribers.merging import merge
from tests.factories import make_issue, make_source, make_story
from tests.newsletter.admin_pages import text_of

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def sent(kind="daily", **fields):
    return make_issue(kind, state=IssueState.SENT.value, **fields)


def page_of(client, url):
    publish_all(NOW)
    response = client.get(url)
    assert response.status_code == 200
    return response


def test_sources_stand_under_their_companies_with_the_number_of_their_stories(client):
    zebra = make_source("Zebra Blog", company="Zebra", slug="zebra")
    ai, web = (make_source(f"Ant {name}", company="ant", slug=name) for name in ("ai", "web"))
    make_source("Silent", company="Silent")
    issue = sent()
    for sources in ((zebra,), (zebra, ai), (web,)):
        make_story(issue, *sources)
    page = page_of(client, "/archive/sources/")
    assert "ant Ant ai 1 story Ant web 1 story Zebra Zebra Blog 2 stories" in text_of(page)
    assert 'href="/archive/sources/zebra/"' in page.content.decode()
    assert "Silent" not in text_of(page)


def test_an_archive_without_a_story_has_no_sources_and_invites(client):
    make_source("Ferry")
    page = page_of(client, "/archive/sources/")
    assert "No issue has been sent yet" in text_of(page)


def test_a_source_has_its_stories_newest_first_each_at_its_place(client):
    ferry = make_source("Ferry", slug="ferry", company="Boats & Co")
    for day in (date(2026, 10, 31), date(2026, 11, 2), date(2026, 11, 1)):
        make_story(sent(end=day), ferry, key="ice", headline=f"Ice of {day}", body="It *froze*.")
    make_story(sent(), make_source(), headline="Somebody else's")
    page = page_of(client, "/archive/sources/ferry/")
    html = page.content.decode()
    assert re.findall(r'href="(/archive/daily-[^"]+)"', html) == [
        "/archive/daily-2026-11-02/#ice",
        "/archive/daily-2026-11-01/#ice",
        "/archive/daily-2026-10-31/#ice",
    ]
    assert "Boats & Co · 3 stories" in text_of(page)
    assert "It froze." in text_of(page)
    assert "Somebody else's" not in html
    feeds = re.findall(r'rel="alternate"\s+type="[^"]+"\s+title="Ferry"\s+href="([^"]+)"', html)
    assert [url.partition("/feeds/")[2] for url in feeds] == [
        "sources/ferry.atom",
        "sources/ferry.json",
    ]


def test_a_source_with_many_stories_has_pages(client):
    ferry = make_source("Ferry", slug="ferry")
    issue = sent()
    for number in range(STORIES_A_PAGE + 1):
        make_story(issue, ferry, headline=f"Story {number}.", position=number)
    first = page_of(client, "/archive/sources/ferry/").content.decode()
    assert "Story 0." in first
    assert f"Story {STORIES_A_PAGE}." not in first
    for page in ("2", "99999"):
        last = client.get(f"/archive/sources/ferry/?page={page}").content.decode()
        assert f"Story {STORIES_A_PAGE}." in last
        assert '/archive/sources/ferry/?page=2"' in last
    for page in ("abc", "-1", "\0", "9" * 50):
        assert client.get("/archive/sources/ferry/", {"page": page}).status_code == 200


def test_a_source_without_a_story_says_so(client):
    make_source("Ferry", slug="ferry")
    assert "None of its stories" in text_of(page_of(client, "/archive/sources/ferry/"))


def test_a_retired_source_keeps_its_stories(client):
    make_story(sent(), make_source("Ferry", slug="ferry", retired_at=NOW), headline="Ice")
    assert "Ice" in text_of(page_of(client, "/archive/sources/ferry/"))


def test_a_source_that_does_not_exist_is_not_found(client):
    assert client.get("/archive/sources/nothing/").status_code == 404


def test_a_merged_source_leads_to_its_present_name_for_good(client):
    old, new = make_source("Old", slug="old"), make_source("New", slug="new")
    make_story(sent(), old, headline="Ice")
    publish_all(NOW)
    merge(old, new)
    publish_credited([old.pk], now=NOW)
    moved = client.get("/archive/sources/old/?page=2")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/archive/sources/new/")
    assert "Ice" in text_of(client.get("/archive/sources/new/"))
    assert 'href="/archive/sources/old/"' not in client.get("/archive/sources/").content.decode()


def test_bylines_lead_to_the_sources_that_they_name(client):
    netflix = make_source("Netflix TechBlog", company="Netflix", slug="netflix")
    ai, web = (make_source(f"AWS {name}", company="AWS", slug=name) for name in ("ai", "web"))
    infoq = make_source("Info<Q>", slug="infoq", company="C4")
    issue = sent()
    make_story(issue, netflix, infoq, company="Netflix", headline="One", position=1)
    make_story(issue, ai, web, company="AWS", headline="Two", position=2)
    make_story(issue, company="Nobody & Sons", headline="Three", position=3)
    make_story(issue, infoq, company="", headline="Four", position=4)
    html = page_of(client, f"/archive/{issue.slug}/").content.decode()
    bylines = [
        " ".join(line.split())
        for line in re.findall(r'<p class="byline">(.*?)&nbsp;<a class="anchor"', html, re.DOTALL)
    ]
    link = '<a href="/archive/sources/{}/">{}</a>'.format
    assert bylines == [
        f"{link('netflix', 'Netflix')} · via {link('infoq', 'Info&lt;Q&gt;')}",
        f"AWS · {link('ai', 'AWS ai')}, {link('web', 'AWS web')}",
        "Nobody &amp; Sons",
        f"via {link('infoq', 'Info&lt;Q&gt;')}",
    ]


def test_reading_by_source_costs_the_same_however_much_there_is(
    client, django_assert_max_num_queries
):
    for number in range(12):
        sources = [make_source(slug=f"source-number-{number}"), make_source()]
        make_story(sent(end=date(2026, 11, 20) - timedelta(number)), *sources)
    publish_all(NOW)
    for path in ("/archive/sources/", "/archive/sources/source-number-3/"):
        with django_assert_max_num_queries(4):
            client.get(path)
