"""One reader's whole life with us, in a real browser: from the form to being forgotten.

Every link is followed where it stands: in the mail, as the mailbox shows it.
"""

import pytest
from django.urls import reverse
from django.utils import timezone

from newsletter import mailbox
from newsletter.models import Delivery
from subscribers.models import Source, Subscriber
from tests.factories import make_issue, make_source, make_story
from tests.sends import sent

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, DESK = 375, 1280
ADA = "ada@example.com"


@pytest.fixture
def site(live_server, settings, workers):
    """A site whose mails stay in the mailbox, with a gate that wants a second of time."""
    settings.BASE_URL = live_server.url
    settings.BASE_HOST = "localhost"
    settings.EMAIL_BACKEND = settings.MAILBOX_BACKEND
    settings.MIN_FORM_SECONDS = 1
    make_source("Ferry Weekly", slug="ferry", company="Ferry")
    make_source("Harbour Log", slug="harbour", company="Harbour")
    return live_server.url


def send_issue(kind):
    """Send an issue of today with a story of each source to whoever wants it."""
    issue = make_issue(kind, end=timezone.now().date())
    for source in Source.objects.all():
        make_story(issue, source, headline=f"What {source.name} says in the {kind}")
    return sent(issue)


def newest_letter(page, site, settings):
    """Open the newest mail in the mailbox and return the frame that holds it."""
    # One tab at a time: a click in one that stands behind another may open nothing.
    for other in page.context.pages[1:]:
        other.close()
    name = mailbox.names_to(settings.MAILBOX_DIR, ADA)[0]
    page.goto(site + reverse("mailbox:letter", args=[name]), wait_until="networkidle")
    return page.frames[1]


def link_in(frame, words):
    return frame.get_by_role("link", name=words)


def follow(page, link):
    """Follow a link of a mail into the tab that it opens."""
    with page.context.expect_page() as opened:
        link.click()
    tab = opened.value
    tab.wait_for_load_state()
    return tab


def shuts_nobody_out(tab, scripts):
    """Look at a page with axe, which is itself a script."""
    return not scripts or axe.Axe().run(tab).response["violations"] == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_reader_comes_reads_mutes_changes_leaves_returns_and_is_forgotten(
    site, open_page, settings, width, scripts
):
    send_issue("daily")
    page = open_page(width=width, scripts=scripts)

    page.goto(site)
    page.get_by_label("E-mail address").fill("Ada@Example.com")
    page.wait_for_timeout(1_100)
    page.get_by_role("button", name="Subscribe", exact=True).click()
    page.get_by_role("heading", name="Check your inbox").wait_for()

    tab = follow(page, link_in(newest_letter(page, site, settings), "Confirm my subscription"))
    assert Subscriber.objects.get(email=ADA).state == "pending"
    tab.get_by_role("button", name="Confirm my subscription").click()
    tab.get_by_role("heading", name="You are subscribed").wait_for()
    assert shuts_nobody_out(tab, scripts)
    reader = Subscriber.objects.get(email=ADA)
    assert reader.state == "active"

    welcome = newest_letter(page, site, settings)
    assert "What Ferry Weekly says in the daily" in welcome.content()
    assert "What Harbour Log says in the daily" in welcome.content()
    beside = welcome.locator("p", has_text="Harbour").get_by_role("link", name="fewer like this")
    tab = follow(page, beside)
    tab.get_by_role("heading", name="Fewer from Harbour Log?").wait_for()
    assert shuts_nobody_out(tab, scripts)
    assert not reader.mutes.exists()
    tab.get_by_role("button", name="Mute for 30 days").click()
    tab.get_by_role("heading", name="Done: fewer like this").wait_for()
    assert shuts_nobody_out(tab, scripts)

    send_issue("weekly")
    letter = newest_letter(page, site, settings)
    assert "What Ferry Weekly says in the weekly" in letter.content()
    assert "What Harbour Log says in the weekly" not in letter.content()

    tab = follow(page, link_in(letter, "Your choices"))
    tab.get_by_label("Hour").select_option("22:00")
    tab.get_by_role("button", name="Save").click()
    tab.get_by_text("Saved.").wait_for()
    assert shuts_nobody_out(tab, scripts)
    reader.refresh_from_db()
    assert reader.hour == 22
    assert reader.mutes.count() == 1, "saving the hour leaves the muted sources alone"

    tab = follow(page, link_in(newest_letter(page, site, settings), "Unsubscribe from the weekly"))
    tab.get_by_role("button", name="Unsubscribe").click()
    tab.get_by_role("heading", name="You get no more weeklies").wait_for()
    assert shuts_nobody_out(tab, scripts)
    reader.refresh_from_db()
    assert (reader.wants_daily, reader.wants_weekly) == (True, False)
    tab.get_by_role("button", name="Subscribe again").click()
    tab.get_by_role("heading", name="You get the weekly again").wait_for()
    assert shuts_nobody_out(tab, scripts)
    reader.refresh_from_db()
    assert reader.wants_weekly

    tab = follow(page, link_in(newest_letter(page, site, settings), "Your choices"))
    tab.get_by_role("link", name="Delete me").click()
    tab.get_by_role("button", name="Delete me for good").click()
    tab.get_by_role("heading", name="You are deleted").wait_for()
    assert shuts_nobody_out(tab, scripts)
    assert not Subscriber.objects.exists()
    assert list(Delivery.objects.values_list("state", "subscriber")) == [("sent", None)] * 2
