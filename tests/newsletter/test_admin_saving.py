"""Saving an issue's page: not over somebody else's work, and refused in words."""

from datetime import date

import pytest
from django.urls import reverse

from newsletter.approving import approve
from newsletter.models import Issue
from newsletter.steering import send_now
from newsletter.storing import accept_suggestions
from tests.factories import (
    make_approved_issue,
    make_issue,
    make_reader,
    make_source,
    make_story,
    make_thread,
    noon,
)
from tests.newsletter.admin_pages import form_of, issue_page, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft():
    issue = make_issue(opening="As it was.")
    make_story(issue, make_source(), headline="The first story", confirmed=False, position=1)
    return issue


def opened(client, issue):
    return form_of(client.get(issue_page(issue))) | {"_continue": ["1"]}


def saved(client, issue, form, **changes):
    values = form | {name: [value] for name, value in changes.items()}
    return client.post(issue_page(issue), values, follow=True)


def test_the_second_of_two_windows_saves_over_nothing(admin_client, draft):
    first, second = opened(admin_client, draft), opened(admin_client, draft)
    saved(admin_client, draft, first, opening="Written in the first window.")
    page = saved(admin_client, draft, second, subject="Typed in the second window")
    told = text_of(page)
    assert "Somebody saved this issue at" in told
    assert "Typed in the second window" in page.content.decode()
    assert f'href="{issue_page(draft)}" target="_blank"' in page.content.decode()
    draft.refresh_from_db()
    assert (draft.opening, draft.subject) == ("Written in the first window.", "")


def test_a_refused_page_is_refused_again(admin_client, draft):
    stale = opened(admin_client, draft)
    saved(admin_client, draft, opened(admin_client, draft), opening="Somebody else's.")
    again = form_of(saved(admin_client, draft, stale, opening="Mine.")) | {"_continue": ["1"]}
    assert "Somebody saved this issue" in text_of(saved(admin_client, draft, again))
    draft.refresh_from_db()
    assert draft.opening == "Somebody else's."


def another_story(issue):
    make_story(issue, headline="Another one")


def another_thread(issue):
    make_thread(issue)


def another_body(issue):
    issue.stories.update(body="Rewritten.")


@pytest.mark.parametrize(
    "change", [another_story, another_thread, another_body, accept_suggestions]
)
def test_what_changed_in_rows_counts_too(admin_client, draft, change):
    form = opened(admin_client, draft)
    change(draft)
    assert "since you opened it" in text_of(saved(admin_client, draft, form, opening="Mine."))
    draft.refresh_from_db()
    assert draft.opening == "As it was."


def test_an_issue_that_was_approved_meanwhile_is_not_saved_over(admin_client, draft):
    form = opened(admin_client, draft)
    approve(draft, now=noon(draft))
    page = text_of(saved(admin_client, draft, form, opening="Mine."))
    assert "The issue’s state is “approved” by now" in page
    assert draft.revisions.count() == 1


def test_one_window_saves_as_often_as_it_likes(admin_client, draft):
    for opening in ("Once.", "Twice."):
        form = opened(admin_client, draft)
        saved(admin_client, draft, form, opening=opening)
        draft.refresh_from_db()
        assert draft.opening == opening


def test_saving_writes_no_column_that_sending_writes(admin_client, draft, monkeypatch):
    form = opened(admin_client, draft)

    def planned_meanwhile(issue, seen):
        Issue.objects.update(audience=12)

    monkeypatch.setattr("newsletter.admin.editing.what_came_between", planned_meanwhile)
    saved(admin_client, draft, form, opening="Mine.")
    draft.refresh_from_db()
    assert (draft.opening, draft.audience) == ("Mine.", 12)


def test_a_story_deleted_in_another_window_keeps_its_text_on_the_page(admin_client, draft):
    gone = make_story(draft, headline="Deleted elsewhere", body="Words worth keeping.", position=2)
    make_story(draft, headline="The third story", position=3)
    form = opened(admin_client, draft)
    gone.delete()
    page = saved(admin_client, draft, form)
    told = text_of(page)
    assert "This story was deleted in another window. Copy its text, then reload." in told
    assert "Words worth keeping." in told
    for headline in ("The first story", "Deleted elsewhere", "The third story"):
        assert headline in told


def test_errors_of_a_rows_hidden_fields_are_shown(admin_client, draft):
    form = opened(admin_client, draft)
    page = saved(admin_client, draft, form, **{"stories-0-position": "somewhere"})
    assert "Enter a whole number." in text_of(page)


def test_a_new_row_that_is_refused_has_the_headline_that_was_typed(admin_client, draft):
    form = opened(admin_client, draft) | {"stories-TOTAL_FORMS": ["2"]}
    page = saved(admin_client, draft, form, **{"stories-1-headline": "Typed, without a body"})
    title = page.content.decode().split("data-row-title>")[2].split("<")[0]
    assert title == "Typed, without a body"


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2101-01-01", "9999-12-31"])
@pytest.mark.parametrize("kind", ["daily", "weekly"])
def test_a_date_far_away_is_refused_in_words(admin_client, kind, day):
    address = reverse("admin:newsletter_issue_add")
    form = form_of(admin_client.get(address))
    form |= {"kind": [kind], "period_start": [""], "period_end": [day]}
    page = text_of(admin_client.post(address, form))
    assert "Issues have dates from 2000-01-01 to 2100-12-31." in page
    assert "Constraint" not in page
    assert not Issue.objects.exists()


def test_a_weekly_that_began_too_long_ago_is_refused_in_words(admin_client):
    issue = make_issue("weekly", period_start=date(2026, 11, 14))
    page = text_of(
        saved(admin_client, issue, opened(admin_client, issue), period_start="0001-01-01")
    )
    assert "Issues have dates from" in page


def test_a_weekly_without_days_is_asked_for_one(admin_client):
    issue = make_issue("weekly", period_start=date(2026, 11, 14))
    form = opened(admin_client, issue)
    page = saved(admin_client, issue, form, period_start="", period_end="")
    assert "This field is required." in text_of(page)


def test_a_weekly_with_a_thread_does_not_become_a_daily(admin_client):
    issue = make_issue("weekly", period_start=date(2026, 11, 14))
    make_thread(issue)
    page = saved(admin_client, issue, opened(admin_client, issue), kind="daily")
    assert "A daily has no threads. Delete the 1 thread first." in text_of(page)
    assert Issue.objects.get().kind == "weekly"


def test_a_weekly_without_threads_becomes_a_daily(admin_client):
    issue = make_issue("weekly", period_start=date(2026, 11, 14))
    saved(admin_client, issue, opened(admin_client, issue), kind="daily")
    assert Issue.objects.get().slug == "daily-2026-11-20"


def test_threads_that_a_daily_has_are_on_its_page(admin_client, draft):
    make_thread(draft, title="A thread that would be mailed")
    assert "A thread that would be mailed" in text_of(admin_client.get(issue_page(draft)))


def test_an_edit_that_preflight_forbids_is_saved_and_said_not_to_reach_readers(admin_client):
    make_reader()
    issue = make_approved_issue()
    send_now(issue, now=noon(issue))
    page = text_of(saved(admin_client, issue, opened(admin_client, issue), patterns="TODO"))
    assert "Saved, but readers still get the text from before" in page
    assert "still holds notes marked TODO" in page
    assert issue.revisions.count() == 1
