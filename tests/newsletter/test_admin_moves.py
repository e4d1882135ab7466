"""Approve, send now, pause, resume, cancel: asked in a sentence, done once, refused kindly."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from newsletter.admin.ledger_views import entries
from newsletter.admin.moves import MOVES
from newsletter.auditing import books
from newsletter.models import Delivery, Issue
from newsletter.states import IssueState
from newsletter.steering import pause, send_now
from tests.factories import (
    make_approved_issue,
    make_issue,
    make_reader,
    make_source,
    make_story,
    noon,
)
from tests.newsletter.admin_pages import WRITER, issue_page, make_staff, move_page, text_of

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


def do(client, issue, move, **answers):
    """Answer a confirmation with yes, and return the page that follows."""
    return client.post(move_page(issue, move), answers, follow=True)


def state_of(issue):
    return Issue.objects.get(pk=issue.pk).state


def ledger_rows(client, filters):
    return text_of(client.get(reverse("admin:newsletter_delivery_changelist"), filters))


def test_every_question_changes_nothing(admin_client, draft):
    make_reader()
    for name in MOVES:
        admin_client.get(move_page(draft, name))
    assert state_of(draft) == IssueState.DRAFT
    assert not Delivery.objects.exists()


def test_the_question_counts_those_who_get_it_and_those_who_do_not(admin_client, draft):
    source, other = draft.stories.get().sources.get(), make_source()
    make_reader()
    make_reader(sources=[source])
    make_reader(sources=[other])
    make_reader(paused_until=timezone.localdate() + timedelta(days=3))
    page = text_of(admin_client.get(move_page(draft, "approve")))
    assert "It goes to 2 readers." in page
    assert "2 readers get nothing: no story of their sources (1), on pause (1)." in page


def test_a_story_for_everybody_leaves_nobody_out(admin_client, draft):
    make_story(draft)
    make_reader(sources=[make_source()])
    page = text_of(admin_client.get(move_page(draft, "approve")))
    assert "It goes to 1 reader." in page
    assert "get nothing" not in page


def test_a_reader_of_a_sources_old_name_is_counted(admin_client, draft):
    present = draft.stories.get().sources.get()
    make_reader(sources=[make_source(merged_into=present)])
    page = text_of(admin_client.get(move_page(draft, "approve")))
    assert "It goes to 1 reader." in page


def test_without_readers_there_is_no_button(admin_client, draft):
    page = admin_client.get(issue_page(draft)).content.decode()
    assert move_page(draft, "approve") not in page
    assert move_page(draft, "send-now") not in page
    assert "Nobody takes this edition" in text_of(admin_client.get(move_page(draft, "approve")))


def test_approve_and_withdraw(admin_client, draft):
    make_reader()
    assert "Approved" in text_of(do(admin_client, draft, "approve"))
    assert state_of(draft) == IssueState.APPROVED
    do(admin_client, draft, "withdraw")
    assert state_of(draft) == IssueState.DRAFT


def test_send_now_pause_resume_and_cancel(admin_client, draft):
    make_reader()
    assert "On its way. It goes to 1 reader." in text_of(do(admin_client, draft, "send-now"))
    do(admin_client, draft, "pause")
    assert state_of(draft) == IssueState.PAUSED
    do(admin_client, draft, "resume")
    assert state_of(draft) == IssueState.SENDING
    assert "1 message will never be sent" in text_of(do(admin_client, draft, "cancel"))
    assert state_of(draft) == IssueState.CANCELLED


def test_an_issue_with_an_error_is_not_approved_and_says_why(admin_client, draft):
    make_reader()
    Issue.objects.update(patterns="TODO")
    assert "still holds notes marked TODO" in text_of(do(admin_client, draft, "approve"))
    assert state_of(draft) == IssueState.DRAFT


def test_a_late_issue_asks_to_be_confirmed(admin_client):
    make_reader()
    issue = make_issue(end=timezone.localdate() - timedelta(days=3))
    make_story(issue, make_source())
    assert 'name="confirmed_late"' in admin_client.get(move_page(issue, "approve")).content.decode()
    do(admin_client, issue, "approve")
    assert state_of(issue) == IssueState.DRAFT
    do(admin_client, issue, "approve", confirmed_late="1")
    assert state_of(issue) == IssueState.APPROVED


def test_the_second_of_two_clicks_is_told_that_nothing_was_done(admin_client, draft):
    make_reader()
    do(admin_client, draft, "approve")
    second = do(admin_client, draft, "approve")
    assert second.status_code == 200
    assert "Nothing was done. The issue’s state is “approved” by now" in text_of(second)


@pytest.mark.parametrize("name", sorted(MOVES))
def test_no_move_fails_in_a_state_that_it_does_not_fit(admin_client, draft, name):
    Issue.objects.update(state=IssueState.CANCELLED)
    assert do(admin_client, draft, name).status_code == 200
    assert state_of(draft) == IssueState.CANCELLED
    assert "Nothing was done" in text_of(admin_client.get(move_page(draft, name), follow=True))


def test_all_suggestions_are_accepted_at_once(admin_client):
    issue = make_issue()
    for _ in range(2):
        make_story(issue, make_source(), confirmed=False)
    assert "2 suggested sources" in text_of(admin_client.get(move_page(issue, "accept")))
    assert "2 suggestions accepted." in text_of(do(admin_client, issue, "accept"))
    assert "accept" not in admin_client.get(issue_page(issue)).content.decode().split("<form")[0]


def test_a_writer_sees_no_button_that_sends_and_is_refused(client, draft):
    make_reader()
    client.force_login(make_staff(*WRITER))
    page = client.get(issue_page(draft)).content.decode()
    for name in ("approve", "send-now", "cancel"):
        assert move_page(draft, name) not in page
        assert client.get(move_page(draft, name)).status_code == 403
        assert client.post(move_page(draft, name)).status_code == 403
    assert state_of(draft) == IssueState.DRAFT


def test_a_sender_may_send(client, draft):
    make_reader()
    client.force_login(make_staff("newsletter.view_issue", "newsletter.send_issue"))
    do(client, draft, "approve")
    assert state_of(draft) == IssueState.APPROVED


def test_strangers_are_asked_to_log_in(client, draft):
    answer = client.post(move_page(draft, "approve"))
    assert answer.status_code == 302
    assert "/login/" in answer.headers["Location"]
    assert state_of(draft) == IssueState.DRAFT


def test_an_unknown_move_and_an_unknown_issue_are_not_found(admin_client, draft):
    assert admin_client.post(move_page(draft, "explode")).status_code == 404
    draft.pk = 4711
    assert admin_client.post(move_page(draft, "approve")).status_code == 404


def test_what_was_done_stands_in_the_history(admin_client, draft):
    make_reader()
    do(admin_client, draft, "approve")
    history = reverse("admin:newsletter_issue_history", args=[draft.pk])
    assert "Approved" in text_of(admin_client.get(history))


def test_the_books_add_up_and_lead_to_the_rows(admin_client):
    easy, picky = make_reader(), make_reader(sources=[make_source()])
    issue = make_approved_issue()
    send_now(issue, now=noon(issue))
    Delivery.objects.filter(subscriber__all_sources=False).update(
        state="skipped", reason="filter_empty"
    )
    page = text_of(admin_client.get(issue_page(issue)))
    assert "no story of their sources 1" in page
    assert "waiting 1" in page
    assert "The books balance." in page
    rows = ledger_rows(admin_client, {"issue__id__exact": issue.pk, "reason": "filter_empty"})
    assert picky.email in rows
    assert easy.email not in rows


def test_every_line_of_the_books_leads_to_its_own_rows(admin_client):
    easy, picky = make_reader(), make_reader(sources=[make_source()])
    issue = make_approved_issue()
    send_now(issue, now=noon(issue))
    now = timezone.now()
    Delivery.objects.filter(subscriber=picky).update(state="delivered", sent_at=now, intent_at=now)
    sent, waiting = entries(issue, books(issue))
    assert (sent.count, waiting.count) == (1, 1)
    assert picky.email in text_of(admin_client.get(sent.link))
    assert easy.email not in text_of(admin_client.get(sent.link))
    assert easy.email in text_of(admin_client.get(waiting.link))


def test_the_page_asks_for_the_books_only_while_sending(admin_client):
    make_reader()
    issue = make_approved_issue()
    send_now(issue, now=noon(issue))
    address = reverse("admin:newsletter_issue_books", args=[issue.pk])
    assert address in admin_client.get(issue_page(issue)).content.decode()
    answer = admin_client.get(address).json()
    assert answer["active"] is True
    assert answer["summary"] == "Sending. 0 of 1 sent, 1 still waiting."
    pause(issue)
    assert admin_client.get(address).json()["active"] is False
    assert address not in admin_client.get(issue_page(issue)).content.decode()


def test_books_that_do_not_balance_say_so(admin_client):
    make_reader()
    issue = make_approved_issue()
    send_now(issue, now=noon(issue))
    Issue.objects.update(audience=5)
    assert "The books do not balance" in text_of(admin_client.get(issue_page(issue)))


def test_doubtful_messages_are_counted_beside_the_deliveries(admin_client):
    make_reader()
    issue = make_approved_issue()
    send_now(issue, now=noon(issue))
    Delivery.objects.update(state="ambiguous")
    ledger = reverse("admin:newsletter_delivery_changelist")
    page = text_of(admin_client.get(ledger, {"state__exact": "ambiguous"}))
    assert "Deliveries 1" in page
    assert "doubtful" in page


def test_the_ledger_is_read_only(admin_client):
    make_reader()
    issue = make_approved_issue()
    send_now(issue, now=noon(issue))
    row = Delivery.objects.get()
    address = reverse("admin:newsletter_delivery_change", args=[row.pk])
    assert admin_client.get(address).status_code == 200
    assert admin_client.post(address, {"state": "sent"}).status_code == 403
    assert admin_client.get(reverse("admin:newsletter_delivery_add")).status_code == 403
    delete = reverse("admin:newsletter_delivery_delete", args=[row.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403
