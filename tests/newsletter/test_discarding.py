"""A draft is deleted, and so is a cancelled issue that nobody got anything of."""

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from newsletter.discarding import discard
from newsletter.models import Delivery, Issue
from newsletter.states import IssueState, WrongState
from newsletter.steering import send_now
from tests.factories import (
    make_approved_issue,
    make_issue,
    make_reader,
    make_source,
    make_story,
    noon,
)
from tests.newsletter.admin_pages import issue_page, move_page, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon_of_the_day():
    """Stand at noon of the issue's day, so that it is not late."""
    with time_machine.travel("2026-11-20 12:00:00+00:00", tick=True):
        yield


@pytest.fixture
def draft():
    issue = make_issue()
    make_story(issue, make_source())
    return issue


def do(client, issue, move):
    return client.post(move_page(issue, move), follow=True)


def state_of(issue):
    return Issue.objects.get(pk=issue.pk).state


def test_a_draft_is_not_cancelled_but_deleted(admin_client, draft):
    assert move_page(draft, "cancel") not in admin_client.get(issue_page(draft)).content.decode()
    assert "Nothing was done" in text_of(do(admin_client, draft, "cancel"))
    assert state_of(draft) == IssueState.DRAFT


def delete_page(issue):
    return reverse("admin:newsletter_issue_delete", args=[issue.pk])


def test_a_cancelled_issue_that_nobody_got_is_deleted_and_its_date_free_again(admin_client):
    make_reader()
    issue = make_approved_issue()
    send_now(issue, now=noon(issue))
    question = text_of(admin_client.get(move_page(issue, "cancel")))
    assert "Its date stays taken until you delete the cancelled issue" in question
    do(admin_client, issue, "cancel")
    assert delete_page(issue) in admin_client.get(issue_page(issue)).content.decode()
    page = text_of(admin_client.get(delete_page(issue)))
    assert "the record of 1 reader who would have got it" in page
    admin_client.post(delete_page(issue), {"post": "yes"})
    assert not Issue.objects.exists()
    make_issue()


def test_a_cancelled_issue_that_somebody_has_is_kept(admin_client):
    make_reader()
    issue = make_approved_issue()
    send_now(issue, now=noon(issue))
    Delivery.objects.update(intent_at=timezone.now())
    assert "its date stays taken" in text_of(admin_client.get(move_page(issue, "cancel")))
    do(admin_client, issue, "cancel")
    assert admin_client.post(delete_page(issue), {"post": "yes"}).status_code == 403
    assert Issue.objects.exists()


def test_discarding_is_refused_once_an_issue_is_approved():
    issue = make_approved_issue()
    with pytest.raises(WrongState):
        discard(issue)
    assert Issue.objects.exists()


def test_a_delete_that_comes_too_late_is_told_so(admin_client, draft, monkeypatch):
    def too_late(issue):
        raise WrongState(issue.slug, IssueState.APPROVED, "deleted")

    monkeypatch.setattr("newsletter.admin.issues.discard", too_late)
    page = text_of(admin_client.post(delete_page(draft), {"post": "yes"}, follow=True))
    assert "Nothing was done." in page
    assert Issue.objects.exists()
