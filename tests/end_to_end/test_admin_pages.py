"""The admin's pages in a real browser: they fit, have no barrier, and keep what was typed."""

import itertools

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from newsletter.models import Issue
from newsletter.steering import send_now
from tests.end_to_end.desk import DESK, PHONE, make_daily, page_of, save
from tests.factories import make_reader

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = {
    "first page": "",
    "list": "newsletter/issue/",
    "issue": None,
    "paste": "newsletter/issue/paste/",
    "question": None,
    "sources": "subscribers/source/",
    "readers": "subscribers/subscriber/",
    "deliveries": "newsletter/delivery/",
    "source": None,
    "reader": None,
    "delivery": None,
    "staff": None,
    "role": "auth/group/add/",
    "mailers": "newsletter/mailerstate/",
    "history": None,
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_and_have_no_serious_barrier(desk, name):
    issue = make_daily()
    reader = make_reader()
    if name == "delivery":
        send_now(issue, now=timezone.now())
    paths = PAGES | {
        "issue": page_of(issue),
        "question": f"newsletter/issue/{issue.pk}/move/approve/",
        "source": f"subscribers/source/{issue.stories.first().sources.get().pk}/change/",
        "reader": f"subscribers/subscriber/{reader.pk}/change/",
        "delivery": f"newsletter/delivery/{getattr(issue.deliveries.first(), 'pk', 0)}/change/",
        "staff": f"auth/user/{User.objects.get().pk}/change/",
        "history": f"newsletter/issue/{issue.pk}/history/",
    }
    for width, scheme in itertools.product((DESK, PHONE), ("light", "dark")):
        page = desk(paths[name], width=width, scheme=scheme, idle=name == "issue")
        if name == "issue":
            page.get_by_role("button", name="Open all").click()
            page.locator(".desk-level summary").first.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_barriers(page) == {}, (width, scheme)
        page.close()


def serious_barriers(page):
    found = axe.Axe().run(page).response["violations"]
    return {
        violation["id"]: [node["html"][:200] for node in violation["nodes"]]
        for violation in found
        if violation["impact"] in ("critical", "serious")
    }


def test_who_is_logged_out_keeps_the_text_and_saves_after_logging_in(desk, live_server):
    # The preview of what is typed may ask once more before the session is back.
    desk.forgive("status of 403")
    issue = make_daily(1)
    page = desk(page_of(issue))
    page.get_by_role("button", name="Open all").or_(page.locator(".desk-toggle")).first.click()
    page.get_by_label("Headline").first.fill("Typed before the session ended")
    session = page.context.cookies()
    page.context.clear_cookies()
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_text("You have been logged out.").wait_for()
    assert page.get_by_label("Headline").first.input_value() == "Typed before the session ended"
    # Logging in anew gives another token, too.
    page.context.add_cookies([{**cookie} for cookie in session if cookie["name"] == "sessionid"])
    login = page.context.new_page()
    login.goto(f"{live_server.url}/admin/")
    save(page)
    page.get_by_text("was changed successfully").wait_for()
    assert issue.stories.get().headline == "Typed before the session ended"


def test_two_windows_do_not_save_over_each_other(desk):
    issue = make_daily(1)
    first, second = desk(page_of(issue)), desk(page_of(issue))
    for number, page in enumerate((first, second), start=1):
        page.get_by_label("Subject").fill(f"The subject of window {number}")
        save(page)
    second.get_by_text("Somebody saved this issue at").wait_for()
    assert second.get_by_label("Subject").input_value() == "The subject of window 2"
    assert Issue.objects.get().subject == "The subject of window 1"
