"""What browser tests of the editors' desk share."""

from django.utils import timezone

from tests.factories import make_issue, make_source, make_story

PHONE, DESK = 375, 1280


def make_daily(stories=3):
    issue = make_issue(end=timezone.localdate(), subject="A subject of a good length")
    for number in range(1, stories + 1):
        make_story(
            issue,
            make_source(f"Blog {number}"),
            headline=f"Story number {number}",
            position=number,
            confirmed=number != 2,
        )
    return issue


def page_of(issue):
    return f"newsletter/issue/{issue.pk}/change/"


def save(page):
    with page.expect_navigation():
        page.get_by_role("button", name="Save and continue editing").click()
    page.wait_for_load_state("networkidle")
