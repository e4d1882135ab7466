"""A real browser works at the editors' desk."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from newsletter.models import Delivery, Issue
from newsletter.states import IssueState
from newsletter.steering import send_now
from tests.end_to_end.desk import make_daily, page_of, save
from tests.factories import make_issue, make_reader, make_source, make_story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The preview waits 600 ms for the next key.
PREVIEW_MS = 5_000
PAGE_SECONDS = 1.0
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def mail_in(page):
    """Return the newest frame of the preview."""
    return page.frame_locator(".desk-frame iframe >> nth=-1")


def titles(page):
    return page.locator("#stories-group [data-row-title]").all_inner_texts()


def test_stories_are_moved_by_keyboard_and_the_order_is_stored(desk):
    issue = make_daily()
    page = desk(page_of(issue))
    page.locator("[data-move='-1']").nth(2).focus()
    page.keyboard.press("Enter")
    assert titles(page) == ["Story number 1", "Story number 3", "Story number 2"]
    page.keyboard.press("Enter")
    assert titles(page)[0] == "Story number 3"
    # At the top the button is off, and the focus stays with the story.
    assert page.evaluate("document.activeElement.innerText").strip().startswith("1")
    save(page)
    assert [story.headline[-1] for story in issue.stories.all()] == ["3", "1", "2"]


def test_stories_are_moved_by_dragging(desk):
    issue = make_daily()
    page = desk(page_of(issue))
    page.locator(".desk-handle").nth(0).drag_to(page.locator(".desk-handle").nth(2))
    assert titles(page)[0] != "Story number 1"
    save(page)
    assert issue.stories.first().headline != "Story number 1"


def test_a_story_is_added_written_credited_and_previewed_before_it_is_saved(desk):
    issue = make_daily()
    page = desk(page_of(issue))
    page.get_by_role("button", name="Add a story").click()
    row = page.locator("#stories-group [data-row]").last
    row.get_by_label("Headline").fill("A story being typed")
    row.get_by_label("Text").fill("Its body, being typed.")
    mail_in(page).get_by_text("Its body, being typed.").wait_for(timeout=PREVIEW_MS)
    assert issue.stories.count() == 3
    row.locator("summary").click()
    row.get_by_label("Blog 3").check()
    assert row.locator(".desk-chip").all_inner_texts() == ["Blog 3"]
    save(page)
    story = issue.stories.last()
    assert (story.headline, story.key) == ("A story being typed", "a-story-being-typed")
    assert story.credits.get().confirmed


def test_two_new_stories_keep_what_was_typed_when_the_first_is_deleted(desk):
    issue = make_daily(1)
    page = desk(page_of(issue))
    for number in (1, 2):
        page.get_by_role("button", name="Add a story").click()
        row = page.locator("#stories-group [data-row]").last
        row.get_by_label("Headline").fill(f"New story {number}")
        row.get_by_label("Text").fill("A body.")
    page.locator(".desk-delete input").nth(1).check()
    save(page)
    assert [story.headline for story in issue.stories.all()] == ["Story number 1", "New story 2"]


def test_the_preview_shows_one_readers_stories_and_an_empty_mix(desk):
    issue = make_daily()
    make_reader("ada@example.com", sources=[issue.stories.first().sources.get()])
    page = desk(page_of(issue))
    page.get_by_label("As", exact=True).select_option("reader")
    page.get_by_label("The reader's address").fill("ada@example.com")
    page.keyboard.press("Enter")
    page.get_by_text("1 of 3 stories for ada@example.com").wait_for()
    assert mail_in(page).get_by_text("Story number 2").count() == 0
    page.get_by_label("As", exact=True).select_option("mix")
    page.get_by_text("No story for a made-up mix: skipped").wait_for()
    mail_in(page).get_by_text("this reader is skipped").wait_for()
    page.locator(".desk-mix").get_by_label("Blog 2").check()
    page.get_by_text("1 of 3 stories for a made-up mix").wait_for()


def test_phone_dark_and_plain_text(desk):
    page = desk(page_of(make_daily()))
    page.get_by_label("Phone").check()
    page.wait_for_timeout(1_000)
    assert page.locator(".desk-frame iframe").last.bounding_box()["width"] == 375
    light = mail_in(page).locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
    page.get_by_label("Dark").check()
    page.wait_for_timeout(1_000)
    dark = mail_in(page).locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
    assert light != dark
    page.get_by_label("Plain text").check()
    mail_in(page).locator("pre").wait_for()


def test_previewing_leaves_no_step_to_go_back_to(desk):
    page = desk(page_of(make_daily()))
    steps = page.evaluate("history.length")
    for name in ("Phone", "Plain text", "Desktop"):
        page.get_by_label(name).check()
        page.wait_for_timeout(700)
    assert page.evaluate("history.length") == steps
    assert page.locator(".desk-frame iframe").count() == 1


def test_a_finding_leads_to_its_story(desk):
    issue = make_daily()
    page = desk(page_of(issue))
    page.get_by_text("Worth a look").click()
    page.get_by_role("link", name="Story 2: Story number 2").click()
    assert page.locator("[id='id_stories-1-headline']").is_visible()


def test_an_issue_is_approved_after_one_question(desk):
    issue = make_daily()
    make_reader()
    page = desk(page_of(issue))
    page.get_by_role("link", name="Approve").click()
    assert page.get_by_text("It goes to 1 reader.").is_visible()
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("Approved: what readers get is frozen").wait_for()
    assert Issue.objects.get().state == IssueState.APPROVED


def test_the_books_keep_up_by_themselves(desk):
    make_reader()
    issue = make_daily()
    now = timezone.now()
    send_now(issue, now=now)
    page = desk(page_of(issue))
    assert page.locator(".desk-entries").get_by_text("waiting").is_visible()
    Delivery.objects.update(state="sent", sent_at=now, intent_at=now)
    page.locator(".desk-entries").get_by_text("sent").wait_for()
    assert (
        page.locator("[data-books-summary]").inner_text().endswith("1 of 1 sent, 0 still waiting.")
    )


def test_a_pasted_text_is_checked_while_it_is_typed(desk):
    page = desk("newsletter/issue/paste/")
    text = "Engineering @ Scale — 2026-11-18#\nSignal of the Day#\nWords.\nOdd Section#\nwhat\n"
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Line 4").first.click()
    chosen = page.evaluate(
        "(() => { const t = document.querySelector('textarea');"
        " return t.value.slice(t.selectionStart, t.selectionEnd); })()"
    )
    assert chosen == "Odd Section#"
    assert not Issue.objects.exists()


def test_a_text_is_pasted_without_scripts(desk):
    page = desk("newsletter/issue/paste/", scripts=False)
    text = (
        "Engineering @ Scale — 2026-11-18#\nSignal of the Day#\nWords.\nDeep Dives#\n"
        "[Fast Builds] · Example Corp · Source A body of one sentence.\n"
        "Patterns Across Companies#\nMore words.\n"
    )
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Check").click()
    page.get_by_text("Can be saved as a new draft.").wait_for()
    page.get_by_role("button", name="Save as a draft").click()
    page.wait_for_url("**/change/")
    assert Issue.objects.get().slug == "daily-2026-11-18"


def test_a_check_that_fails_says_so(desk):
    page = desk("newsletter/issue/paste/")
    page.route("**/paste/", lambda route: route.fulfill(status=500, body="broken"))
    page.get_by_label("Text", exact=True).fill("Some text.")
    page.get_by_text("The check failed (500).").wait_for()
    desk.forgive("500")


def test_hostile_text_does_nothing_while_it_is_edited_and_previewed(desk):
    issue = make_issue(end=timezone.localdate(), opening=HOSTILE, subject=HOSTILE)
    make_story(issue, make_source(HOSTILE), headline=HOSTILE, body=HOSTILE, confirmed=False)
    page = desk(page_of(issue))
    page.locator(".desk-toggle").click()
    page.locator("summary").last.click()
    page.get_by_label("Headline").first.fill(HOSTILE + HOSTILE[:20])
    page.wait_for_timeout(1_500)
    assert "owned" not in page.title()


def test_an_issue_of_31_stories_opens_with_all_of_them(desk):
    issue = make_daily(31)
    make_issue(end=timezone.localdate() - timedelta(days=1))
    page = desk(page_of(issue))
    assert re.search("31", page.locator("#stories-group [data-row-count]").inner_text())


@pytest.mark.benchmark
def test_an_issue_of_31_stories_opens_within_a_second(desk):
    page = desk(page_of(make_daily(31)))
    page.reload()
    seconds = page.evaluate(
        "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd / 1000"
    )
    assert seconds < PAGE_SECONDS
