"""The list of issues and the page on which one is written."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from newsletter.admin.renderable import refuse_unrenderable
from newsletter.admin.stories import ThreadForm, free_key
from newsletter.models import Delivery, Issue
from newsletter.states import IssueState
from newsletter.steering import cancel, send_now
from tests.factories import (
    make_approved_issue,
    make_issue,
    make_reader,
    make_source,
    make_story,
    make_thread,
    noon,
)
from tests.newsletter.admin_pages import WRITER, form_of, issue_page, make_staff, text_of

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>{{ 7|add:1 }}\"'>"


@pytest.fixture
def edited(admin_client):
    """Open an issue's page, change fields, save, and return the page that follows."""

    def edit(issue, **changes):
        values = form_of(admin_client.get(issue_page(issue))) | {"_continue": ["1"]}
        for name, value in changes.items():
            values[name] = value if isinstance(value, list) else [value]
        return admin_client.post(issue_page(issue), values, follow=True)

    return edit


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


def test_the_page_costs_the_same_for_31_stories_as_for_one(admin_client):
    issue = make_issue()
    make_story(issue, make_source())
    admin_client.get(issue_page(issue))
    few = queries_of(admin_client, issue_page(issue))
    for _ in range(30):
        make_story(issue, make_source())
    assert queries_of(admin_client, issue_page(issue)) == few


def test_an_issue_is_found_by_a_storys_headline(admin_client):
    make_story(make_issue(), make_source(), headline="Queues under pressure")
    other = make_issue(end=date(2026, 11, 19))
    address = reverse("admin:newsletter_issue_changelist")
    page = text_of(admin_client.get(address, {"q": "under pressure"}))
    assert "2026-11-20" in page
    assert other.title not in page


def test_saving_a_page_untouched_changes_nothing(edited):
    issue = make_issue()
    story = make_story(issue, make_source(), confirmed=False, position=1)
    make_story(issue, position=2)
    before = [list(issue.stories.values()), list(story.credits.values())]
    assert edited(issue).status_code == 200
    assert [list(issue.stories.values()), list(story.credits.values())] == before


def test_a_new_daily_gets_its_slug_and_one_day(admin_client):
    address = reverse("admin:newsletter_issue_add")
    values = form_of(admin_client.get(address))
    values |= {"kind": ["daily"], "period_start": [""], "period_end": ["2026-11-20"]}
    assert admin_client.post(address, values).status_code == 302
    issue = Issue.objects.get()
    assert (issue.slug, issue.period_start) == ("daily-2026-11-20", date(2026, 11, 20))


def test_a_new_weekly_without_first_day_covers_seven_days(admin_client):
    address = reverse("admin:newsletter_issue_add")
    values = form_of(admin_client.get(address))
    values |= {"kind": ["weekly"], "period_start": [""], "period_end": ["2026-11-20"]}
    admin_client.post(address, values)
    assert Issue.objects.get().period_start == date(2026, 11, 14)


def test_a_second_issue_of_a_day_is_refused_in_words(admin_client):
    issue = make_issue()
    address = reverse("admin:newsletter_issue_add")
    values = form_of(admin_client.get(address))
    values |= {"kind": ["daily"], "period_end": ["2026-11-20"]}
    page = admin_client.post(address, values)
    assert "This date has an issue already: Engineering @ Scale" in text_of(page)
    assert f'href="{issue_page(issue)}"' in page.content.decode()


def test_a_weekly_that_ends_before_it_starts_is_refused_in_words(edited):
    issue = make_issue("weekly", period_start=date(2026, 11, 14))
    page = text_of(edited(issue, period_end="2026-11-10"))
    assert "The last day is before the first." in page


def test_a_new_story_gets_a_key_a_place_and_confirmed_sources(edited):
    issue, source = make_issue(), make_source()
    make_story(issue, headline="Fast builds", key="fast-builds")
    edited(
        issue,
        **{
            "stories-TOTAL_FORMS": "2",
            "stories-1-headline": "Fast builds!",
            "stories-1-body": "A body.",
            "stories-1-credited": str(source.pk),
        },
    )
    story = issue.stories.last()
    assert (story.key, story.headline) == ("fast-builds-2", "Fast builds!")
    assert [(c.source, c.confirmed) for c in story.credits.all()] == [(source, True)]


def test_a_changed_headline_keeps_the_key(edited):
    issue = make_issue()
    story = make_story(issue, make_source(), key="as-it-was")
    edited(issue, **{"stories-0-headline": "Something else"})
    story.refresh_from_db()
    assert (story.headline, story.key) == ("Something else", "as-it-was")


def test_stories_stand_in_the_order_of_the_page(edited):
    issue = make_issue()
    first, second = (make_story(issue, make_source()) for _ in range(2))
    edited(issue, **{"stories-0-position": "2", "stories-1-position": "1"})
    assert list(issue.stories.all()) == [second, first]


def test_a_deleted_row_is_gone(edited):
    issue = make_issue()
    make_story(issue, make_source())
    edited(issue, **{"stories-0-DELETE": "on"})
    assert not issue.stories.exists()


def test_suggestions_stay_suggestions_until_they_are_confirmed(edited):
    issue, source, other = make_issue(), make_source(), make_source()
    story = make_story(issue, source, confirmed=False)
    edited(issue, **{"stories-0-credited": [str(source.pk), str(other.pk)]})
    credits = story.credits.values_list("source", "confirmed")
    assert dict(credits) == {source.pk: False, other.pk: True}
    edited(issue, **{"stories-0-confirm": "on"})
    assert all(story.credits.values_list("confirmed", flat=True))


def test_a_story_cannot_have_sources_and_none(edited):
    issue = make_issue()
    story = make_story(issue, make_source())
    page = text_of(edited(issue, **{"stories-0-unattributed": "on"}))
    assert "Choose either the sources" in page
    story.refresh_from_db()
    assert not story.unattributed


def test_threads_are_written_on_a_weeklys_page_only(admin_client):
    weekly = make_issue("weekly", period_start=date(2026, 11, 14))
    make_thread(weekly, title="Agents in production")
    assert "Agents in production" in text_of(admin_client.get(issue_page(weekly)))
    assert b"threads-TOTAL_FORMS" not in admin_client.get(issue_page(make_issue())).content


def test_an_edit_of_an_approved_issue_makes_a_revision_and_says_so(edited):
    issue = make_approved_issue()
    page = text_of(edited(issue, opening="Another opening."))
    assert "everybody gets the new one" in page
    assert issue.revisions.last().content["opening"] == "Another opening."


def test_an_edit_while_sending_says_how_many_mails_carry_it(edited):
    make_reader()
    issue = make_approved_issue()
    send_now(issue, now=noon(issue))
    assert "1 mail that is not yet sent" in text_of(edited(issue, opening="Another opening."))


def test_an_approved_issue_keeps_its_dates(admin_client, edited):
    issue = make_approved_issue()
    assert "Last day 20 November 2026" in text_of(admin_client.get(issue_page(issue)))
    edited(issue, period_end="2026-11-01", kind="weekly")
    issue.refresh_from_db()
    assert (issue.kind, issue.slug) == ("daily", "daily-2026-11-20")


def test_a_sent_issue_is_corrected_with_a_note_or_not_at_all(edited):
    issue = sent_issue()
    edited(issue, opening="Corrected.")
    issue.refresh_from_db()
    assert issue.opening != "Corrected."
    edited(issue, opening="Corrected.", correction_note="A number was wrong.")
    issue.refresh_from_db()
    assert issue.opening == "Corrected."
    assert issue.corrected_at is not None


def test_a_correction_is_frozen_for_newcomers_or_the_editor_is_told_why_not(edited):
    issue = sent_issue()
    note = {"correction_note": "A number was wrong."}
    edited(issue, opening="Corrected.", **note)
    newest = issue.revisions.current()[0]
    assert newest.content["opening"] == "Corrected."
    told = text_of(edited(issue, opening="ж" * 20_000, **note))
    assert "Saved, and on the web" in told
    assert issue.revisions.current()[0] == newest


def test_a_cancelled_issue_is_shown_but_not_changed(admin_client, edited):
    issue = make_approved_issue()
    cancel(issue, now=noon(issue))
    assert admin_client.get(issue_page(issue)).status_code == 200
    assert admin_client.post(issue_page(issue), {"opening": "x"}).status_code == 403


def test_only_a_draft_is_deleted(admin_client):
    issue = make_approved_issue()
    address = reverse("admin:newsletter_issue_delete", args=[issue.pk])
    assert admin_client.post(address, {"post": "yes"}).status_code == 403
    assert Issue.objects.exists()


def test_hostile_text_stays_text_on_every_page(admin_client):
    issue = make_issue(subject=HOSTILE, opening=HOSTILE)
    make_story(issue, make_source(HOSTILE), headline=HOSTILE, company=HOSTILE, confirmed=False)
    make_story(issue, headline=HOSTILE, key="twin")
    pages = [
        issue_page(issue),
        reverse("admin:newsletter_issue_changelist"),
        reverse("admin:newsletter_issue_move", args=[issue.pk, "cancel"]),
        reverse("admin:newsletter_issue_move", args=[issue.pk, "approve"]),
        reverse("admin:newsletter_issue_preview", args=[issue.pk]),
        reverse("admin:subscribers_source_changelist"),
        reverse("admin:index"),
    ]
    for address in pages:
        page = admin_client.get(address).content.decode()
        assert "<script>alert" not in page, address


def test_somebody_who_may_only_look_cannot_save(client):
    issue = make_issue()
    client.force_login(make_staff("newsletter.view_issue"))
    assert client.get(issue_page(issue)).status_code == 200
    assert client.post(issue_page(issue), {"opening": "x"}).status_code == 403


def test_a_writer_edits_and_exports(client):
    issue = make_issue()
    make_story(issue, make_source(), headline="A headline to take away")
    client.force_login(make_staff(*WRITER))
    answer = client.get(reverse("admin:newsletter_issue_export", args=[issue.pk]))
    assert "### A headline to take away" in answer.content.decode()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="daily-2026-11-20.md"'


def test_pages_of_the_admin_load_nothing_from_elsewhere(admin_client):
    policy = admin_client.get(issue_page(make_issue())).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "*" not in policy


def test_the_relaxed_policy_ends_where_the_admin_ends(client):
    policy = client.get("/archive/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy


@pytest.mark.parametrize("taken", [[], ["a"], ["a", "a-2", "a-3"]])
def test_a_free_key_is_none_of_those_taken(taken):
    key = free_key("A", taken)
    assert key not in taken
    assert key.startswith("a")


def test_text_that_cannot_be_rendered_is_refused_where_it_is_typed():
    for text in ("> " * 30 + "deep", "x" * 30_000):
        with pytest.raises(ValidationError, match=r"deep|characters"):
            refuse_unrenderable(text)
    form = ThreadForm({"title": "T", "body": "> " * 30 + "deep", "position": 1})
    assert "body" in form.errors
