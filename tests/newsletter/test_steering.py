"""What an editor can do to an issue under way."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from newsletter import steering
from newsletter.approving import NotApprovable
from newsletter.models import Issue
from newsletter.planning import plan
from newsletter.states import DeliveryState, WrongState
from tests.factories import (
    make_approved_issue,
    make_issue,
    make_reader,
    make_source,
    make_story,
    noon,
)

pytestmark = pytest.mark.django_db


def test_send_now_takes_a_draft_all_the_way_to_due_rows():
    make_reader(hour=23)
    issue = make_issue()
    make_story(issue, make_source())
    now = noon(issue)
    assert steering.send_now(issue, now=now) == 1
    assert (issue.state, issue.deliveries.get().due_at) == ("sending", now)


def test_send_now_during_a_send_forgets_due_times_but_not_retries():
    make_reader(hour=23)
    retried = make_reader(hour=23)
    issue = make_approved_issue()
    now = noon(issue)
    plan(issue, now=now)
    later = now + timedelta(hours=1)
    issue.deliveries.filter(subscriber=retried).update(attempts=1, due_at=later)
    steering.send_now(issue, now=now)
    assert set(issue.deliveries.values_list("due_at", flat=True)) == {now, later}


def test_send_now_during_a_send_takes_the_issue_before_its_rows_as_a_cancel_does():
    make_reader(hour=23)
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    changed = []
    for move in (steering.send_now, steering.cancel):
        with CaptureQueriesContext(connection) as queries:
            move(issue, now=noon(issue))
        updates = [re.match(r'UPDATE "(\w+)"', query["sql"]) for query in queries]
        changed.append([update[1] for update in updates if update])
    assert [tables[:2] for tables in changed] == [["newsletter_issue", "newsletter_delivery"]] * 2


def test_send_now_does_not_revive_an_issue_that_was_cancelled_meanwhile():
    make_reader(hour=23)
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    steering.cancel(Issue.objects.get(), now=noon(issue))
    before = list(issue.deliveries.values())
    with pytest.raises(WrongState):
        steering.send_now(issue, now=noon(issue))
    assert list(issue.deliveries.values()) == before


def test_a_failed_approval_leaves_a_draft():
    issue = make_issue()
    with pytest.raises(NotApprovable):
        steering.send_now(issue, now=noon(issue))
    assert Issue.objects.get().state == "draft"


def test_pause_and_resume_take_turns():
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    steering.pause(issue, "a wrong link")
    assert (issue.state, issue.state_reason) == ("paused", "a wrong link")
    with pytest.raises(WrongState):
        steering.pause(issue)
    steering.resume(issue, now=timezone.now())
    assert (issue.state, issue.state_reason) == ("sending", "")
    with pytest.raises(WrongState):
        steering.resume(issue, now=timezone.now())


def test_resuming_does_not_start_an_issue_that_was_never_planned():
    issue = make_approved_issue()
    with pytest.raises(WrongState):
        steering.resume(issue, now=timezone.now())
    assert Issue.objects.get().state == "approved"


def test_cancelling_ends_waiting_and_claimed_rows():
    for _ in range(2):
        make_reader()
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    assert steering.cancel(issue, now=timezone.now()) == 2
    assert set(issue.deliveries.values_list("state", flat=True)) == {DeliveryState.CANCELLED}
    with pytest.raises(WrongState):
        steering.cancel(issue, now=timezone.now())


def test_send_now_does_not_forget_an_edit_that_preflight_forbids():
    make_reader()
    issue = make_approved_issue()
    issue.stories.all().delete()
    with pytest.raises(NotApprovable):
        steering.send_now(issue, now=noon(issue))
    assert Issue.objects.get().state == "approved"


def test_resuming_does_not_wait_for_a_server_that_rested():
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    steering.pause(issue)
    Issue.objects.update(rests_until=timezone.now() + timedelta(hours=1))
    steering.resume(issue, now=timezone.now())
    assert Issue.objects.get().rests_until is None


def test_who_resumes_after_days_gives_what_waits_its_whole_time_and_shortens_none():
    early, late = make_reader(hour=7), make_reader(hour=7)
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    resumed = noon(issue) + timedelta(days=3)
    far = resumed + timedelta(days=30)
    issue.deliveries.filter(subscriber=late).update(deadline=far)
    steering.pause(issue)
    steering.resume(issue, now=resumed)
    found = dict(issue.deliveries.values_list("subscriber", "deadline"))
    assert found == {early.pk: resumed + timedelta(days=1), late.pk: far}


def test_rows_of_before_there_were_deadlines_stay_without():
    make_reader()
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    issue.deliveries.update(deadline=None)
    steering.pause(issue)
    steering.resume(issue, now=noon(issue))
    assert issue.deliveries.get().deadline is None


def test_a_resume_that_fails_leaves_deadlines_as_they_were():
    make_reader()
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    before = issue.deliveries.get().deadline
    with pytest.raises(WrongState):
        steering.resume(issue, now=noon(issue) + timedelta(days=3))
    assert issue.deliveries.get().deadline == before


def test_send_now_during_a_send_gives_what_waits_its_whole_time():
    make_reader(hour=23)
    retried = make_reader(hour=7)
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    issue.deliveries.filter(subscriber=retried).update(attempts=1)
    now = noon(issue) + timedelta(days=2)
    steering.send_now(issue, now=now)
    assert set(issue.deliveries.values_list("deadline", flat=True)) == {now + timedelta(days=1)}
