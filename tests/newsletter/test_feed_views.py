"""The public feeds, as the programs that read them meet them."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter import feed_views
from newsletter.feed_views import NEWEST
from newsletter.models import Issue, WebCopy
from newsletter.publishing import publish
from newsletter.states import IssueState
from subscribers.models import Source
from tests.factories import make_issue, make_source, make_story, make_thread, noon
from tests.newsletter.feed_documents import atom_of, json_feed_of
from tests.newsletter.public_issues import make_public
from tests.newsletter.test_hostile_issues import HOSTILE

pytestmark = pytest.mark.django_db

READERS = {"atom": atom_of, "json": json_feed_of}
TYPES = {"atom": "application/atom+xml; charset=utf-8", "json": "application/feed+json"}
FRIDAY = date(2026, 11, 20)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def house_name(settings):
    settings.BASE_URL = "https://digest.example"
    settings.MAIL_DOMAIN = "digest.example"
    settings.PUBLICATION_NAME = "The Harbour Post"
    settings.ALLOWED_HOSTS = ["*"]


def read(client, url, **kwargs):
    response = client.get(url, **kwargs)
    assert response.status_code == 200, url
    form = url.rpartition(".")[2]
    assert response["Content-Type"] == TYPES[form]
    return READERS[form](response.content)


def headings(html):
    return re.findall(r"<h3>(?:<a[^>]*>)?(.*?)(?:</a>)?</h3>", html)


@pytest.mark.parametrize("form", READERS)
def test_an_entry_is_a_whole_issue(client, form):
    ferry = make_source("Ferry Weekly", slug="ferry")
    issue = make_issue(
        "weekly",
        FRIDAY,
        period_start=FRIDAY - 6 * DAY,
        state=IssueState.SENT.value,
        subject="Ice on the quay",
        opening="The *week* began.",
    )
    make_story(
        issue,
        ferry,
        headline="Ice & snow",
        company="Harbour Ltd",
        body="It ran `git gc` **twice**, says [the log](https://harbour.example/log).",
        url="https://harbour.example/ice?a=1&b=2",
    )
    make_thread(issue, title="Slow boats", body="They go on.")
    publish(issue.pk, now=noon(issue))
    found = read(client, f"/feeds/weekly.{form}")
    [entry] = found.entries
    assert entry.title == "Ice on the quay"
    assert entry.url == "https://digest.example/archive/weekly-2026-11-20/"
    assert entry.id == "tag:digest.example,2026-11-20:weekly"
    assert entry.updated == noon(issue)
    assert "The <em>week</em> began." in entry.html
    assert '<a href="https://harbour.example/ice?a=1&amp;b=2">Ice &amp; snow</a>' in entry.html
    assert "<code>git gc</code> <strong>twice</strong>" in entry.html
    assert 'href="https://harbour.example/log"' in entry.html
    assert 'href="https://digest.example/archive/sources/ferry/"' in entry.html
    assert "Slow boats" in entry.html
    assert issue.patterns in entry.html
    assert not re.findall(r'(?:href|src)="(?!https://)', entry.html)


@pytest.mark.parametrize("form", READERS)
def test_a_feed_says_what_and_where_it_is(client, form):
    make_public(make_source())
    found = read(client, f"/feeds/all.{form}", headers={"host": "evil.example"})
    assert found.title == found.author == "The Harbour Post"
    assert found.self_url == f"https://digest.example/feeds/all.{form}"
    assert found.home_url == "https://digest.example/archive/"
    assert found.language == "en"
    assert read(client, f"/feeds/daily.{form}").title == "The Harbour Post: the daily"


@pytest.mark.parametrize("form", READERS)
def test_kinds_have_feeds_of_their_own_newest_first(client, form):
    ferry = make_source()
    make_public(ferry, end=FRIDAY - DAY, subject="Older")
    make_public(ferry, end=FRIDAY, subject="Newer")
    make_public(ferry, kind="weekly", subject="The week")
    titles = {
        kind: [entry.title for entry in read(client, f"/feeds/{kind}.{form}").entries]
        for kind in ("all", "daily", "weekly")
    }
    assert titles == {
        "all": ["Newer", "The week", "Older"],
        "daily": ["Newer", "Older"],
        "weekly": ["The week"],
    }


@pytest.mark.parametrize("url", ["/feeds/all", "/feeds/daily", "/feeds/sources/ferry"])
@pytest.mark.parametrize("form", READERS)
def test_before_the_first_issue_a_feed_is_empty(client, url, form):
    make_source(slug="ferry")
    assert read(client, f"{url}.{form}").entries == []


def test_only_the_newest_are_in_it(client):
    ferry = make_source()
    for number in range(NEWEST + 2):
        make_public(ferry, end=FRIDAY - number * DAY, subject=f"Line {number}")
    entries = read(client, "/feeds/all.atom").entries
    assert [entry.title for entry in entries] == [f"Line {number}" for number in range(NEWEST)]
    assert len(read(client, "/feeds/sources/" + ferry.slug + ".atom").entries) == NEWEST


def test_what_is_not_public_is_in_no_feed(client):
    ferry = make_source(slug="ferry")
    issue = make_issue(subject="A secret")
    make_story(issue, ferry, headline="A secret")
    publish(issue.pk, now=noon(issue))
    for url in ("/feeds/all.atom", "/feeds/daily.json", "/feeds/sources/ferry.atom"):
        assert read(client, url).entries == []


@pytest.mark.parametrize("form", READERS)
def test_a_source_has_a_feed_of_its_stories(client, form):
    ferry, tram = make_source("Ferry Weekly", slug="ferry"), make_source("Tram Post")
    issue = make_issue(state=IssueState.SENT.value)
    make_story(
        issue,
        ferry,
        key="ice",
        headline="Ice",
        company="Harbour Ltd",
        body="It is *cold*.",
        url="https://harbour.example/ice",
    )
    make_story(issue, tram, headline="Rails")
    make_story(issue, ferry, tram, headline="Both", url="")
    publish(issue.pk, now=noon(issue))
    found = read(client, f"/feeds/sources/ferry.{form}")
    assert found.title == "Ferry Weekly in The Harbour Post"
    assert found.home_url == "https://digest.example/archive/sources/ferry/"
    assert [entry.title for entry in found.entries] == ["Ice", "Both"]
    ice, both = found.entries
    assert ice.url == "https://digest.example/archive/daily-2026-11-20/#ice"
    assert ice.id == "tag:digest.example,2026-11-20:daily/ice"
    assert ice.html == "<p>It is <em>cold</em>.</p>"
    assert (ice.author, ice.related) == ("Harbour Ltd", "https://harbour.example/ice")
    assert both.related == ""


def test_a_source_keeps_its_stories_when_it_is_merged_or_retired(client):
    old, new = make_source("Old", slug="old"), make_source("New", slug="new")
    make_public(old, headlines=["From the old"])
    Source.objects.filter(pk=old.pk).update(merged_into=new, retired_at=datetime.now(UTC))
    for slug in ("old", "new"):
        [entry] = read(client, f"/feeds/sources/{slug}.atom").entries
        assert entry.title == "From the old"


def test_what_a_weekly_repeats_stands_once_in_a_sources_feed(client):
    ferry = make_source(slug="ferry")
    for kind, headline in (("daily", "Of the day"), ("weekly", "Repeated")):
        issue = make_issue(kind, state=IssueState.SENT.value)
        make_story(issue, ferry, headline=headline, url="https://harbour.example/ice")
        make_story(issue, ferry, headline=f"Only in the {kind}", url="")
        publish(issue.pk, now=noon(issue))
    titles = {entry.title for entry in read(client, "/feeds/sources/ferry.atom").entries}
    assert titles == {"Of the day", "Only in the daily", "Only in the weekly"}


@pytest.mark.parametrize(
    "url",
    [
        "/feeds/monthly.atom",
        "/feeds/all.rss",
        "/feeds/all",
        "/feeds/sources/nobody.atom",
        "/feeds/sources/ferry.xml",
    ],
)
def test_feeds_that_do_not_exist_are_not_found(client, url):
    make_source(slug="ferry")
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    "url", ["/feeds/all.atom", "/feeds/daily.json", "/feeds/sources/ferry.json"]
)
def test_a_feed_is_sent_again_only_when_it_changed(client, url):
    ferry = make_source(slug="ferry")
    issue = make_public(ferry, headlines=["Ice"])
    first = client.get(url)
    assert "no-cache" in first["Cache-Control"]
    again = client.get(url, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    # A feed changes at none of its issues' times, too: when one is withdrawn.
    timed = client.get(url, headers={"if-modified-since": first["Last-Modified"]})
    assert timed.status_code == 200
    issue.stories.update(headline="Ice, corrected")
    publish(issue.pk, now=noon(issue) + DAY)
    changed = client.get(url, headers={"if-none-match": first["ETag"]})
    assert changed.status_code == 200
    assert b"Ice, corrected" in changed.content


def test_a_correction_is_told_and_makes_the_entry_newer(client):
    issue = make_public(make_source())
    Issue.objects.update(correction_note="It was six weeks, not four.")
    publish(issue.pk, now=noon(issue) + DAY)
    [entry] = read(client, "/feeds/all.atom").entries
    assert "It was six weeks, not four." in entry.html
    assert entry.updated == noon(issue) + DAY
    assert entry.published == WebCopy.objects.get().published_at


@pytest.mark.parametrize("url", ["/feeds/all.atom", "/feeds/sources/ferry.atom"])
def test_what_is_corrected_while_a_feed_is_written_is_in_it(client, url, monkeypatch):
    issue = make_public(make_source(slug="ferry"), headlines=["Ice"])
    real = feed_views.feed_of

    def late(*args):
        if issue.stories.filter(headline="Ice").update(headline="Snow"):
            publish(issue.pk, now=noon(issue) + DAY)
        return real(*args)

    monkeypatch.setattr(feed_views, "feed_of", late)
    first = client.get(url)
    assert b"Snow" in first.content
    assert client.get(url)["ETag"] == first["ETag"]


def test_a_withdrawn_issue_leaves_the_feed(client):
    issue = make_public(make_source())
    etag = client.get("/feeds/all.atom")["ETag"]
    Issue.objects.update(state=IssueState.DRAFT.value)
    publish(issue.pk, now=noon(issue) + DAY)
    response = client.get("/feeds/all.atom", headers={"if-none-match": etag})
    assert atom_of(response.content).entries == []


def test_a_feed_is_the_same_whatever_language_is_asked_for(client):
    make_public(make_source())
    first, second = (
        client.get("/feeds/all.atom", headers={"accept-language": language})
        for language in ("en", "de")
    )
    assert first.content == second.content
    assert first["ETag"] == second["ETag"]
    assert second["Content-Language"] == "en"


def test_reading_changes_nothing_and_posting_is_refused(client):
    make_public(make_source(slug="ferry"))
    before = list(WebCopy.objects.values())
    for url in ("/feeds/all.atom", "/feeds/sources/ferry.json"):
        assert client.head(url).status_code == 200
        assert client.head(url).content == b""
        assert client.post(url).status_code == 405
    assert list(WebCopy.objects.values()) == before


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("text", [*HOSTILE.values(), "> " * 30 + "deep", "]]>", "\x0b\x1f\ufffe"])
def test_no_text_breaks_a_feed_or_runs_in_it(client, form, text):
    text = text.encode("utf-8", "ignore").decode().replace("\x00", "")
    ferry = make_source(slug="ferry")
    issue = make_issue(
        state=IssueState.SENT.value, opening=text, patterns=text, correction_note=text
    )
    make_story(issue, ferry, headline=text[:200], company=text[:200], body=text, url=text[:2000])
    publish(issue.pk, now=noon(issue))
    for url in (f"/feeds/all.{form}", f"/feeds/sources/ferry.{form}"):
        [entry] = read(client, url).entries
        assert "<script" not in entry.html
        assert "onerror=" not in re.sub(r"&lt;.*?&gt;", "", entry.html)
        assert "javascript:" not in "".join(re.findall(r'href="([^"]*)"', entry.html))


def test_a_known_feed_costs_one_query(client, django_assert_max_num_queries):
    for number in range(5):
        make_public(make_source(), end=FRIDAY - number * DAY)
    etag = client.get("/feeds/all.atom")["ETag"]
    with django_assert_max_num_queries(1):
        client.get("/feeds/all.atom")
    with django_assert_max_num_queries(1):
        client.get("/feeds/all.atom", headers={"if-none-match": etag})
