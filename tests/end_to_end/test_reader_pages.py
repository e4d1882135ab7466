"""A real browser walks through the readers' pages, with and without JavaScript."""

import re

import pytest
from django.core import mail
from django.utils import timezone

from newsletter.publishing import publish_all
from subscribers.links import choices_url, unsubscribe_url
from subscribers.models import Subscriber
from tests.end_to_end.barriers import axe, shuts_nobody_out
from tests.factories import make_issue, make_reader, make_source, make_story, make_thread

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, DESK = 375, 1280


@pytest.fixture
def site(live_server, settings, workers):
    settings.BASE_URL = live_server.url
    return live_server.url


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_reader_subscribes_confirms_changes_leaves_and_returns(site, open_page, scripts, width):
    make_source("Ferry Weekly", slug="ferry", company="Ferry")
    make_source("Harbour Log", slug="harbour", company="Harbour")
    page = open_page(width=width, scripts=scripts)

    page.goto(site)
    page.get_by_label("E-mail address").fill("Ada@Example.com")
    page.get_by_label("Only those that I choose").check()
    if scripts:
        page.get_by_placeholder("Find a source or company").fill("harb")
        assert not page.get_by_label("Ferry Weekly").is_visible()
    page.get_by_label("Harbour Log").check()
    page.get_by_label("Hour").select_option("06:00")
    if not scripts:
        page.get_by_label("Time zone").select_option("Europe/Zurich")
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("heading", name="Check your inbox").wait_for()

    link = re.search(rf"{site}/confirm/\S+", str(mail.outbox[0].body))
    assert link
    page.goto(link[0])
    page.get_by_role("button", name="Confirm my subscription").click()
    page.get_by_role("heading", name="You are subscribed").wait_for()
    reader = Subscriber.objects.get(email="ada@example.com")
    assert (reader.state, reader.hour, reader.time_zone) == ("active", 6, "Europe/Zurich")
    assert [source.slug for source in reader.sources.all()] == ["harbour"]

    page.get_by_role("link", name="See or change what you chose").click()
    assert page.get_by_label("Harbour Log").is_checked()
    page.get_by_label("All sources, new ones too").check()
    page.get_by_label("Hour").select_option("22:00")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    reader.refresh_from_db()
    assert (reader.all_sources, reader.hour) == (True, 22)

    page.goto(unsubscribe_url("daily", reader.pk))
    page.get_by_role("button", name="Unsubscribe").click()
    page.get_by_role("heading", name="You get no more dailies").wait_for()
    page.get_by_role("button", name="Subscribe again").click()
    page.get_by_role("heading", name="You get the daily again").wait_for()

    page.goto(choices_url(reader))
    page.get_by_role("button", name="Unsubscribe from everything").click()
    page.get_by_text("You are unsubscribed.").wait_for()
    reader.refresh_from_db()
    assert reader.state == "unsubscribed"


def test_the_browser_tells_the_time_zone_and_another_can_be_chosen(site, open_page):
    page = open_page()
    page.goto(site)
    assert page.get_by_text("Europe/Zurich").is_visible()
    page.get_by_role("button", name="Change").click()
    zones = page.get_by_label("Time zone")
    assert zones.input_value() == "Europe/Zurich"
    assert zones.is_visible()


def test_a_zone_that_is_not_on_offer_is_not_guessed(site, open_page):
    page = open_page()
    page.add_init_script(
        "Intl.DateTimeFormat.prototype.resolvedOptions = () => ({timeZone: 'Etc/GMT-5'})"
    )
    page.goto(site)
    zones = page.get_by_label("Time zone")
    assert zones.is_visible()
    assert zones.input_value() == "UTC"


def test_the_first_tab_leads_past_the_masthead(site, open_page):
    page = open_page()
    page.goto(site)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "id_email"


def pages_to_look_at():
    """Make a reader and issues, and name every page with its path."""
    sources = [make_source(company="Ferry") for _ in range(3)]
    reader = make_reader(sources=sources[:1])
    gone = make_reader(state="unsubscribed")
    issue = make_issue("weekly", state="sent", correction_note="It was six weeks, not four.")
    make_story(issue, sources[0], body="It ran `a` [link](https://ferry.example) **twice**.")
    make_story(issue, url="")
    make_thread(issue)
    publish_all(timezone.now())
    return [
        "/",
        choices_url(reader),
        choices_url(gone),
        unsubscribe_url("daily", reader.pk),
        unsubscribe_url("weekly", gone.pk),
        "/confirm/broken",
        "/archive/",
        "/archive/?kind=daily",
        f"/archive/{issue.slug}/",
        "/archive/2026/",
        "/archive/2026/11/",
        "/archive/sources/",
        f"/archive/sources/{sources[0].slug}/",
        "/archive/search/",
        "/archive/search/?q=headline",
        "/archive/search/?q=desert",
        "/nothing-here",
    ]


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_no_page_shuts_anybody_out_or_needs_sideways_scrolling(site, open_page, width):
    page = open_page(width=width)
    for path in pages_to_look_at():
        page.goto(path if path.startswith("http") else site + path)
        shuts_nobody_out(page, width)


def test_a_form_with_errors_shuts_nobody_out(site, open_page):
    page = open_page()
    page.goto(site)
    page.get_by_label("E-mail address").fill("ada")
    page.get_by_label("The daily").uncheck()
    page.get_by_label("The weekly").uncheck()
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("alert").wait_for()
    assert axe.Axe().run(page).response["violations"] == []
    described = page.get_by_label("E-mail address").get_attribute("aria-describedby")
    assert "not a complete e-mail address" in page.locator(f"#{described}").inner_text()


def test_pages_ask_nobody_but_us(site, open_page):
    page = open_page()
    asked = set()
    page.on("request", lambda request: asked.add(request.url))
    for path in pages_to_look_at():
        page.goto(path if path.startswith("http") else site + path)
    assert asked
    assert [url for url in asked if not url.startswith((site, "data:"))] == []
