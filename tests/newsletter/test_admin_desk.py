"""The first page and the list of issues: what is in hand, and how far each is."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from newsletter.models import Delivery, Issue
from newsletter.states import IssueState
from newsletter.steering import send_now
from tests.factories import (
    make_approved_issue,
    make_issue,
    make_reader,
    make_source,
    make_story,
    noon,
)
from tests.newsletter.admin_pages import make_staff, text_of

pytestmark = pytest.mark.django_db


def queries_of(client, address):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def sent_issue():
    """Make an issue that its one reader got."""
    make_reader()
    issue = make_approved_issue()
    send_now(issue, now=noon(issue))
    now = timezone.now()
    Delivery.objects.update(state="sent", sent_at=now, intent_at=now)
    issue.become(IssueState.SENT, finished_at=now)
    return issue


def test_the_list_shows_what_was_sent_of_each_issue(admin_client):
    issue = sent_issue()
    page = text_of(admin_client.get(reverse("admin:newsletter_issue_changelist")))
    assert issue.title in page
    assert "1 sent" in page


def test_the_list_counts_the_skipped_as_done(admin_client):
    issue = sent_issue()
    Delivery.objects.create(
        issue=issue,
        subscriber=make_reader(),
        due_at=timezone.now(),
        state="skipped",
        reason="paused",
    )
    Issue.objects.update(audience=2)
    page = admin_client.get(reverse("admin:newsletter_issue_changelist"))
    assert "1 sent, 1 skipped" in text_of(page)
    assert re.search(r'max="2"\s+value="2"', page.content.decode())


@pytest.mark.parametrize("page", ["admin:newsletter_issue_changelist", "admin:index"])
def test_an_issue_without_subject_is_listed_with_its_first_headline(admin_client, page):
    issue = make_issue()
    make_story(issue, headline="The second", position=2)
    make_story(issue, headline="The first", position=1)
    shown = text_of(admin_client.get(reverse(page)))
    assert "The first" in shown
    assert "The second" not in shown


def test_the_list_costs_the_same_for_ten_issues_as_for_one(admin_client):
    address = reverse("admin:newsletter_issue_changelist")
    make_story(make_issue(), make_source())
    admin_client.get(address)
    few = queries_of(admin_client, address)
    for days in range(1, 10):
        make_story(make_issue(end=date(2026, 11, 20) - timedelta(days=days)), make_source())
    assert queries_of(admin_client, address) == few


def test_the_first_page_of_an_empty_house_says_what_to_do(admin_client):
    assert "Write your first issue" in text_of(admin_client.get(reverse("admin:index")))


def test_the_first_page_shows_what_is_in_hand_and_the_last_books(admin_client):
    sent_issue()
    draft = make_issue(end=date(2026, 11, 21))
    page = text_of(admin_client.get(reverse("admin:index")))
    assert draft.title in page
    assert "The books balance." in page


def test_the_first_page_keeps_readers_from_those_who_may_not_see_them(client):
    make_reader()
    client.force_login(make_staff("newsletter.view_issue"))
    make_issue()
    assert "not yet confirmed" not in text_of(client.get(reverse("admin:index")))
