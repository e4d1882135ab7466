"""What moves do beside moving an issue: numbers, errors, workers, permissions."""

from datetime import date

import pytest
import time_machine
from django.utils import timezone

from newsletter.admin.forecast import forecast
from newsletter.content import content_of
from newsletter.models import Issue
from newsletter.states import IssueState
from newsletter.steering import pause, send_now
from tests.factories import (
    make_approved_issue,
    make_issue,
    make_reader,
    make_source,
    make_story,
)
from tests.newsletter.admin_pages import issue_page, make_staff, move_page, text_of

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


def test_an_approved_issue_with_an_error_is_not_offered_and_not_sent(admin_client):
    make_reader()
    issue = make_approved_issue()
    Issue.objects.update(patterns="TODO")
    assert move_page(issue, "send-now") not in admin_client.get(issue_page(issue)).content.decode()
    assert "Mend this first" in text_of(admin_client.get(move_page(issue, "send-now")))
    assert "still holds notes marked TODO" in text_of(do(admin_client, issue, "send-now"))
    assert state_of(issue) == IssueState.APPROVED


def test_the_question_and_the_answer_name_the_same_numbers(admin_client, draft):
    make_reader()
    make_reader(sources=[make_source()])
    whom = "It goes to 1 reader. 1 reader gets nothing: no story of their sources."
    assert whom in text_of(admin_client.get(move_page(draft, "send-now")))
    assert f"On its way. {whom}" in text_of(do(admin_client, draft, "send-now"))


def test_a_daily_without_stories_reaches_nobody():
    make_reader()
    make_reader(sources=[make_source()])
    issue = make_issue()
    counts = forecast(issue, content_of(issue), today=date(2026, 11, 20))
    assert (counts.audience, counts.reached, counts.without_story) == (2, 0, 2)


@pytest.mark.parametrize(("move", "wakes"), [("send-now", 1), ("pause", 0), ("resume", 1)])
def test_what_shall_go_out_at_once_wakes_a_worker(
    admin_client, draft, monkeypatch, django_capture_on_commit_callbacks, move, wakes
):
    make_reader()
    woken = []
    monkeypatch.setattr("newsletter.admin.moves.wake", woken.append)
    if move != "send-now":
        send_now(draft, now=timezone.now())
    if move == "resume":
        pause(draft)
    with django_capture_on_commit_callbacks(execute=True):
        do(admin_client, draft, move)
    assert woken == [draft.pk] * wakes


def test_suggestions_are_accepted_by_those_who_may_change_stories(client):
    issue = make_issue()
    story = make_story(issue, make_source(), confirmed=False)
    client.force_login(make_staff("newsletter.view_issue", "newsletter.change_issue"))
    assert client.post(move_page(issue, "accept")).status_code == 403
    assert move_page(issue, "accept") not in client.get(issue_page(issue)).content.decode()
    assert not story.credits.get().confirmed


def test_suggestions_of_a_sent_issue_are_not_accepted_by_a_late_click(admin_client):
    issue = make_issue()
    story = make_story(issue, make_source(), confirmed=False)
    Issue.objects.update(state=IssueState.CANCELLED)
    do(admin_client, issue, "accept")
    assert not story.credits.get().confirmed


def test_cancelling_before_the_plan_counts_no_messages(admin_client):
    issue = make_approved_issue()
    assert "Cancelled; no message was waiting." in text_of(do(admin_client, issue, "cancel"))
