"""What changes in the archive changes the pages that show it, and no others."""

from datetime import date

import pytest

from newsletter import page_cache, steering
from newsletter.models import Issue, Story
from newsletter.planning import plan
from newsletter.publishing import publish, publish_all, publish_credited
from tests.factories import make_approved_issue, make_reader, make_source, noon
from tests.newsletter.small_archive import (
    FERRY_DAILY,
    LATER,
    NOW,
    OLD_DAILY,
    PAGES,
    changed,
    etags,
    make_archive,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def archive():
    make_archive()


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
