"""The public archive, as a browser meets it."""

import re
from datetime import UTC, date, datetime

import pytest

from newsletter.listing import ISSUES_A_PAGE
from newsletter.models import Issue
from newsletter.planning import plan
from newsletter.publishing import publish_all
from newsletter.states import IssueState
from tests.factories import (
    make_approved_issue,
    make_issue,
    make_reader,
    make_source,
    make_story,
    make_thread,
    noon,
)
from tests.newsletter.archive_pages import DAY, NOW, get, sent, text_of, words_of
from tests.newsletter.test_hostile_issues import HOSTILE

pytestmark = pytest.mark.django_db

PUBLIC = [IssueState.SENDING, IssueState.PAUSED, IssueState.SENT]


def test_an_empty_archive_invites(client):
    page = text_of(client, "/archive/")
    assert "No issue has been sent yet" in page
    assert 'class="button" href="/"' in page


@pytest.mark.parametrize("state", list(IssueState))
def test_only_what_went_out_is_public(client, state):
    issue = make_issue(state=state.value, subject="The harbour froze")
    is_public = state in PUBLIC
    assert ("The harbour froze" in text_of(client, "/archive/")) is is_public
    response = get(client, f"/archive/{issue.slug}/")
    assert response.status_code == (200 if is_public else 404)
    assert (issue.opening in response.content.decode()) is is_public


def test_the_newest_stands_first_under_its_subject_or_first_headline(client):
    older = sent(end=date(2026, 11, 1))
    make_story(older, headline="Second line", position=2)
    make_story(older, headline="First line", position=1)
    sent(end=date(2026, 11, 2), subject="A subject")
    sent("weekly", end=date(2026, 11, 3), period_start=date(2026, 10, 20))
    page = text_of(client, "/archive/")
    order = [page.index(line) for line in ("Week of 2026-10-20", "A subject", "First line")]
    assert order == sorted(order)
    assert "Second line" not in page
    assert "2 stories" in page


def test_the_list_can_show_one_kind(client):
    sent(subject="A daily line")
    sent("weekly", subject="A weekly line")
    for kind, other in (("daily", "weekly"), ("weekly", "daily")):
        page = text_of(client, f"/archive/?kind={kind}")
        assert f"A {kind} line" in page
        assert f"A {other} line" not in page


@pytest.mark.parametrize("query", ["kind=monthly", "kind=%00", "kind=daily'--"])
def test_a_kind_that_does_not_exist_is_not_found(client, query):
    assert client.get(f"/archive/?{query}").status_code == 404


def test_a_long_archive_has_pages(client):
    for number in range(ISSUES_A_PAGE + 1):
        sent(end=date(2026, 11, 20) - number * DAY, subject=f"Line {number}.")
    first, second = (text_of(client, f"/archive/?kind=daily&page={page}") for page in (1, 2))
    assert "Line 0." in first
    assert f"Line {ISSUES_A_PAGE}." not in first
    assert f"Line {ISSUES_A_PAGE}." in second
    assert 'href="?kind=daily&amp;page=2"' in first
    for page in ("0", "-1", "99", "two", "9" * 50):
        assert client.get(f"/archive/?page={page}").status_code == 200


def test_a_page_costs_the_same_number_of_queries_however_long_it_is(
    client, django_assert_max_num_queries
):
    for number in range(ISSUES_A_PAGE):
        make_story(sent(end=date(2026, 11, 20) - number * DAY))
    publish_all(NOW)
    with django_assert_max_num_queries(4):
        client.get("/archive/")


def test_an_issue_shows_all_that_it_holds_and_an_anchor_a_story(client):
    ferry = make_source("Ferry Weekly")
    issue = sent("weekly", period_start=date(2026, 11, 2), opening="The *week* began.")
    make_story(
        issue,
        ferry,
        key="ice-on-the-quay",
        headline="Ice on the quay & beyond",
        company="Harbour Ltd",
        body="It ran `git gc` **twice**.",
        url="https://harbour.example/ice?a=1&b=2",
    )
    make_thread(issue, key="slow-boats", title="Slow boats", body="They go on.")
    page = text_of(client, f"/archive/{issue.slug}/")
    assert 'id="ice-on-the-quay"' in page
    assert 'id="slow-boats"' in page
    assert 'href="https://harbour.example/ice?a=1&amp;b=2"' in page
    assert "Ice on the quay &amp; beyond" in page
    assert "Harbour Ltd · via Ferry Weekly" in words_of(page)
    assert "<em>week</em>" in page
    assert "<strong>twice</strong>" in page
    assert "They go on." in page
    assert issue.patterns in page
    assert "<h1>2–20 November 2026</h1>" in page
    assert "<title>2–20 November 2026 · Engineering @ Scale</title>" in page


def test_a_story_without_a_link_has_none(client):
    issue = sent()
    make_story(issue, headline="Nowhere to go", url="")
    page = text_of(client, f"/archive/{issue.slug}/")
    assert "Nowhere to go" in page
    assert 'href=""' not in page
    assert 'href="#"' not in page


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example"])
def test_a_link_leads_to_the_web_or_nowhere(client, url):
    issue = sent()
    make_story(issue, url=url)
    assert url not in text_of(client, f"/archive/{issue.slug}/")


def test_markup_in_an_issue_stays_text(client):
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    issue = sent(opening=hostile, patterns=hostile, correction_note=hostile, subject=hostile)
    make_story(issue, headline=hostile, company=hostile, body=hostile)
    make_thread(issue, title=hostile, body=hostile)
    for url in ("/archive/", f"/archive/{issue.slug}/"):
        page = text_of(client, url)
        assert "<script>alert" not in page
        assert "<img" not in page


def test_a_correction_is_shown_with_its_day(client):
    issue = sent(
        correction_note="It was six weeks, not four.",
        corrected_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    )
    page = text_of(client, f"/archive/{issue.slug}/")
    assert "It was six weeks, not four." in page
    assert "22 November 2026" in page
    assert "corrected" in text_of(client, "/archive/")


def test_the_canonical_link_is_ours_whatever_host_was_asked_for(client, settings):
    settings.BASE_URL = "https://digest.example"
    settings.ALLOWED_HOSTS = ["*"]
    issue = sent()
    response = get(client, f"/archive/{issue.slug}/", headers={"host": "evil.example"})
    page = response.content.decode()
    assert f'rel="canonical" href="https://digest.example/archive/{issue.slug}/"' in page
    assert "evil.example" not in page


def test_issues_lead_to_those_before_and_after(client):
    first, second, third = (sent(end=date(2026, 11, day)) for day in (1, 2, 5))
    make_issue(end=date(2026, 11, 3))
    page = text_of(client, f"/archive/{second.slug}/")
    links = re.findall(r'rel="(prev|next)"\s+href="([^"]+)"', page)
    assert links == [
        ("prev", f"/archive/{first.slug}/"),
        ("next", f"/archive/{third.slug}/"),
    ]


def test_an_issue_with_nothing_in_it_is_a_page(client):
    issue = sent(opening="", patterns="")
    assert "20 November 2026" in text_of(client, f"/archive/{issue.slug}/")


def test_reading_changes_nothing_and_posting_is_refused(client):
    issue = sent()
    publish_all(NOW)
    before = list(Issue.objects.values())
    for url in ("/archive/", f"/archive/{issue.slug}/"):
        assert client.head(url).status_code == 200
        assert client.post(url).status_code == 405
    assert list(Issue.objects.values()) == before


def test_a_cancelled_issue_that_somebody_has_can_still_be_read(client):
    issue = make_issue(state=IssueState.CANCELLED.value)
    assert get(client, f"/archive/{issue.slug}/").status_code == 404
    now = datetime.now(UTC)
    issue.deliveries.create(
        subscriber=make_reader(), state="sent", due_at=now, intent_at=now, sent_at=now
    )
    assert get(client, f"/archive/{issue.slug}/").status_code == 200


@pytest.mark.parametrize("text", [*HOSTILE.values(), "> " * 30 + "deep", "x" * 30_000])
def test_no_text_takes_the_page_down_or_runs(client, text):
    # What no database takes: half of a surrogate pair, and NUL in PostgreSQL.
    text = text.encode("utf-8", "ignore").decode().replace("\x00", "")
    issue = sent(opening=text, patterns=text)
    make_story(
        issue, make_source(), headline=text[:200], company=text[:200], body=text, url=text[:2000]
    )
    page = text_of(client, f"/archive/{issue.slug}/")
    assert "<script>alert" not in page
    assert "onerror=" not in re.sub(r"&lt;.*?&gt;", "", page)


def test_until_it_is_corrected_the_page_shows_what_was_approved(client):
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    Issue.objects.update(patterns="TODO a secret note")
    assert "secret note" not in text_of(client, f"/archive/{issue.slug}/")
    Issue.objects.update(state=IssueState.SENT.value)
    assert "secret note" not in text_of(client, f"/archive/{issue.slug}/")
    Issue.objects.update(corrected_at=noon(issue))
    assert "secret note" in text_of(client, f"/archive/{issue.slug}/")
