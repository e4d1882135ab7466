"""The archive by year and month, and what the heads of its pages say."""

import re
from datetime import UTC, date, datetime

import pytest

from newsletter.listing import ISSUES_A_PAGE
from tests.factories import make_story, make_thread
from tests.newsletter.archive_pages import DAY, get, sent, text_of

pytestmark = pytest.mark.django_db


def test_each_story_has_an_address_to_copy(client):
    issue = sent("weekly", period_start=date(2026, 11, 14))
    make_story(issue, key="ice", headline="Ice & quay")
    make_thread(issue, key="boats", title="Boats")
    page = text_of(client, f"/archive/{issue.slug}/")
    assert f'href="/archive/{issue.slug}/#ice"' in page
    assert "Link to “Ice &amp; quay”" in page
    assert f'href="/archive/{issue.slug}/#boats"' in page


@pytest.mark.parametrize("key", ["opening", "stories", "patterns", "correction"])
def test_the_anchor_of_a_story_is_nobody_elses(client, key):
    issue = sent(correction_note="It was six.")
    make_story(issue, key=key)
    assert text_of(client, f"/archive/{issue.slug}/").count(f'id="{key}"') == 1


def test_the_head_of_an_issue_says_what_messengers_show(client, settings):
    settings.BASE_URL = "https://digest.example"
    issue = sent(
        opening='The *harbour* froze "over".',
        subject="Ice & quay",
        planned_at=datetime(2026, 11, 20, 6, tzinfo=UTC),
        correction_note="Six.",
        corrected_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    )
    page = text_of(client, f"/archive/{issue.slug}/")
    meta = dict(re.findall(r'<meta (?:property|name)="([^"]+)"\s+content="([^"]*)"', page))
    assert meta["og:title"] == "Ice &amp; quay"
    assert meta["og:description"] == meta["description"] == "The harbour froze &quot;over&quot;."
    assert meta["og:url"] == f"https://digest.example/archive/{issue.slug}/"
    assert meta["og:image"] == "https://digest.example/static/share.png"
    assert meta["og:type"] == "article"
    assert meta["article:published_time"] == "2026-11-20T06:00:00+00:00"
    assert meta["article:modified_time"] == "2026-11-22T12:00:00+00:00"


@pytest.mark.parametrize(
    ("path", "feed"),
    [("/archive/", "all"), ("/archive/?kind=daily", "daily"), ("/archive/?kind=weekly", "weekly")],
)
def test_a_list_names_the_feeds_that_stand_for_it(client, path, feed):
    sent()
    page = text_of(client, path)
    links = re.findall(r'rel="alternate"\s+type="([^"]+)"[^>]*href="([^"]+)"', page)
    assert [(kind, url.partition("/feeds/")[2]) for kind, url in links] == [
        ("application/atom+xml", f"{feed}.atom"),
        ("application/feed+json", f"{feed}.json"),
    ]


@pytest.mark.parametrize(
    ("asked", "canonical"),
    [
        ("", ""),
        ("?page=1", ""),
        ("?page=abc", ""),
        ("?page=99999", "?page=2"),
        ("?utm_source=x&page=2", "?page=2"),
        ("?page=2&kind=daily", "?kind=daily&amp;page=2"),
    ],
)
def test_a_page_of_the_list_has_one_address(client, asked, canonical):
    for number in range(ISSUES_A_PAGE + 1):
        sent(end=date(2026, 11, 20) - number * DAY)
    page = text_of(client, f"/archive/{asked}")
    assert re.search(r'rel="canonical" href="[^"?]*/archive/([^"]*)"', page)[1] == canonical


def test_a_year_is_a_calendar_of_its_issues(client):
    sent(end=date(2026, 3, 2), subject="A daily line")
    sent("weekly", end=date(2026, 3, 8), period_start=date(2026, 3, 2), subject="A weekly line")
    sent(end=date(2025, 12, 31), subject="Another year")
    page = text_of(client, "/archive/2026/")
    assert 'href="/archive/daily-2026-03-02/"' in page
    assert 'aria-label="2 March: A daily line"' in page
    assert 'aria-label="W, 8 March: A weekly line"' in page
    assert 'href="/archive/2026/3/"' in page
    assert "February" not in page
    assert "Another year" not in page
    assert re.search(r'rel="prev" href="/archive/2025/"', page)
    assert 'rel="next"' not in page


def test_a_month_lists_its_issues_and_leads_to_its_neighbours(client):
    for day in (date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(2026, 5, 1)):
        sent(end=day, subject=f"The line of {day}")
    page = text_of(client, "/archive/2026/2/")
    assert re.findall(r"The line of (\S+)<", page) == ["2026-02-28", "2026-02-01"]
    assert re.findall(r'rel="(prev|next)"\s+href="([^"]+)"', page) == [
        ("prev", "/archive/2026/1/"),
        ("next", "/archive/2026/5/"),
    ]


def test_the_archive_leads_to_its_months_and_years(client):
    sent(end=date(2026, 2, 1))
    sent(end=date(2024, 2, 29))
    page = text_of(client, "/archive/")
    for path in ("/archive/2026/", "/archive/2026/2/", "/archive/2024/", "/archive/2024/2/"):
        assert f'href="{path}"' in page
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "2025/",
        "2026/3/",
        "2026/0/",
        "2026/13/",
        "0/",
        "10000/",
        f"{'9' * 30}/",
        f"2026/{'9' * 30}/",
    ],
)
def test_a_time_without_an_issue_is_not_found(client, path):
    sent(end=date(2026, 2, 1))
    response = get(client, f"/archive/{path}")
    assert response.status_code == 404
    assert "There is no page here" in response.content.decode()


def test_what_was_written_is_marked_as_being_in_the_language_of_the_publication(client, settings):
    settings.PUBLICATION_LANGUAGE = "fr"
    issue = sent()
    make_story(issue, headline="Le port")
    page = text_of(client, f"/archive/{issue.slug}/")
    assert re.search(r'<h3>\s*<a[^>]*lang="fr">Le port', page)
    assert re.search(r'<html lang="en"', page)
