"""What programs ask a site for."""

import re
from datetime import UTC, date, datetime, timedelta
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree as ET

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from newsletter import page_cache, site_views
from newsletter.publishing import publish_all
from newsletter.states import IssueState
from tests.factories import make_issue, make_source, make_story

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, 30, 15, 123456, tzinfo=UTC)
BASE = "https://digest.example"
SPACE = {"": "http://www.sitemaps.org/schemas/sitemap/0.9"}


@pytest.fixture(autouse=True)
def base_url(settings):
    settings.BASE_URL = BASE
    settings.ALLOWED_HOSTS = ["*"]


def sent(kind="daily", **fields):
    return make_issue(kind, state=IssueState.SENT.value, **fields)


def places(response):
    """Return the addresses of a map with the times of their changes."""
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/xml; charset=utf-8"
    root = ET.fromstring(response.content)  # noqa: S314  our own
    return {
        entry.findtext("loc", namespaces=SPACE): entry.findtext("lastmod", namespaces=SPACE)
        for entry in root
    }


def test_the_map_names_every_public_page_under_our_own_address(client):
    issue = sent(end=date(2026, 11, 20))
    make_story(issue, make_source(slug="ferry"))
    make_source(slug="silent")
    make_issue(end=date(2026, 11, 19))
    publish_all(NOW)
    when = "2026-11-21T12:30:15+00:00"
    assert places(client.get("/sitemap.xml", headers={"host": "evil.example"})) == {
        f"{BASE}/": None,
        f"{BASE}/archive/": when,
        f"{BASE}/archive/sources/": when,
        f"{BASE}/archive/daily-2026-11-20/": when,
        f"{BASE}/archive/2026/": when,
        f"{BASE}/archive/2026/11/": when,
        f"{BASE}/archive/sources/ferry/": when,
    }


def test_every_address_of_the_map_is_a_page_that_calls_itself_so(client):
    for day in (date(2026, 11, 20), date(2025, 2, 1)):
        make_story(sent(end=day), make_source())
    publish_all(NOW)
    for address in places(client.get("/sitemap.xml")):
        page = client.get(address.removeprefix(BASE))
        assert page.status_code == 200
        if address != f"{BASE}/":
            assert f'rel="canonical" href="{address}"' in page.content.decode()


def test_each_page_is_as_new_as_the_newest_of_what_it_shows(client):
    old, new = sent(end=date(2026, 10, 1)), sent(end=date(2026, 11, 1))
    publish_all(NOW)
    type(old).objects.filter(pk=old.pk).update(opening="Corrected.")
    later = NOW + timedelta(days=1)
    publish_all(later)
    found = places(client.get("/sitemap.xml"))
    fresh = {path.removeprefix(BASE) for path, when in found.items() if when and "-22T" in when}
    assert fresh == {
        *("/archive/", "/archive/sources/", "/archive/2026/", "/archive/2026/10/"),
        f"/archive/{old.slug}/",
    }
    assert f"{BASE}/archive/{new.slug}/" in found


def test_a_long_archive_has_several_maps_and_an_index_of_them(client, monkeypatch):
    for number in range(5):
        sent(end=date(2026, 11, 20) - timedelta(number))
    publish_all(NOW)
    whole = places(client.get("/sitemap.xml"))
    assert client.get("/sitemap-1.xml").status_code == 404
    monkeypatch.setattr(site_views, "ADDRESSES_A_MAP", 4)
    page_cache.editions.clear()
    index = places(client.get("/sitemap.xml"))
    assert list(index) == [f"{BASE}/sitemap-{number}.xml" for number in (1, 2, 3)]
    parts = [places(client.get(address.removeprefix(BASE))) for address in index]
    assert [len(part) for part in parts] == [4, 4, 2]
    assert {address: when for part in parts for address, when in part.items()} == whole
    for number in (0, 4, 10**30):
        assert client.get(f"/sitemap-{number}.xml").status_code == 404


def test_an_empty_archive_has_a_map(client):
    assert places(client.get("/sitemap.xml")) == {
        f"{BASE}/": None,
        f"{BASE}/archive/": None,
        f"{BASE}/archive/sources/": None,
    }


def robots_of(client):
    response = client.get("/robots.txt")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    parser = RobotFileParser()
    parser.parse(response.content.decode().splitlines())
    return parser


def test_robots_are_told_of_the_map(client):
    assert robots_of(client).site_maps() == [f"{BASE}/sitemap.xml"]


def routes(patterns, before=""):
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


def test_no_robot_is_wanted_where_an_address_is_somebodys_own(client):
    robots = robots_of(client)
    personal = [route for route in routes(get_resolver().url_patterns) if "token" in route]
    assert len(personal) > 5
    for route in [*personal, "admin/login/", "archive/search/"]:
        path = "/" + re.sub(r"<[^>]*>", "x1", route)
        assert not robots.can_fetch("*", BASE + path), path


def test_robots_are_welcome_on_every_page_of_the_map_and_the_feeds(client):
    make_story(sent(), make_source())
    publish_all(NOW)
    robots = robots_of(client)
    feeds = (f"{BASE}/feeds/all.atom", f"{BASE}/static/share.png")
    for address in (*places(client.get("/sitemap.xml")), *feeds):
        assert robots.can_fetch("*", address), address
