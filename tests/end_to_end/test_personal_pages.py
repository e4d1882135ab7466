"""A real browser on the pages behind a reader's links, with and without JavaScript."""

import re

import pytest
from django.utils import timezone

from subscribers import subscribing
from subscribers.links import address_url, choices_url, confirm_url, unsubscribe_url
from subscribers.models import AddressChange, Subscriber
from tests.end_to_end.barriers import axe, shuts_nobody_out
from tests.end_to_end.conftest import DESK
from tests.factories import make_reader, make_source
from tests.newsletter.public_issues import make_public
from tests.subscribers.rooms import delete_path, mute_path

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = 375
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def site(live_server, settings, workers):
    settings.BASE_URL = live_server.url
    return live_server.url


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_reader_mutes_hears_pauses_leaves_returns_and_is_deleted(site, open_page, scripts, width):
    ferry = make_source("Ferry Weekly", slug="ferry", company="Ferry")
    reader = make_reader(time_zone="Europe/Zurich")
    page = open_page(width=width, scripts=scripts)

    page.goto(site + mute_path(reader, ferry))
    page.get_by_role("button", name="Mute for 30 days").click()
    page.get_by_role("heading", name="Done: fewer like this").wait_for()
    assert reader.mutes.get().source == ferry

    page.goto(choices_url(reader))
    page.get_by_role("button", name=re.compile("^Hear it again.*Ferry Weekly$")).click()
    page.get_by_text("The source is heard again").wait_for()
    assert not reader.mutes.exists()

    page.get_by_label("No mail until the end of").fill("2099-01-31")
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_text("You get no mail until the end of").wait_for()
    page.get_by_role("button", name="End the pause now").click()
    page.get_by_text("The pause is over.").wait_for()

    page.get_by_role("button", name="Unsubscribe from everything").click()
    page.get_by_label("Too many mails").check()
    page.get_by_role("button", name="Tell us").click()
    page.get_by_text("Thank you for telling us.").wait_for()
    page.get_by_role("button", name="Undo: everything as before").click()
    page.get_by_text("Welcome back.").wait_for()

    page.get_by_role("link", name="Delete me").click()
    page.get_by_role("button", name="Delete me for good").click()
    page.get_by_role("heading", name="You are deleted").wait_for()
    assert not Subscriber.objects.exists()


def test_the_choices_page_shows_what_a_tick_brings(site, open_page):
    ferry, pier = make_source("Ferry"), make_source("Pier")
    make_public(ferry, pier, headlines=["Ferries sail", "Piers stand"], end=timezone.localdate())
    reader = make_reader(sources=[ferry, pier])
    page = open_page()
    page.goto(choices_url(reader))
    assert page.get_by_text("Piers stand").is_visible()
    page.get_by_role("checkbox", name="Pier").uncheck()
    page.get_by_text("Piers stand").wait_for(state="detached")
    assert page.get_by_text("Ferries sail").is_visible()
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Read it as you would have received it").click()
    opened.value.get_by_text("Ferries sail").wait_for()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    assert list(reader.sources.all()) == [ferry]


def pages_to_look_at():
    """Make readers in every state, and name each of their pages."""
    sources = [make_source() for _ in range(3)]
    reader = make_reader(sources=sources, time_zone="Atlantis/Port")
    reader.mutes.create(source=sources[0])
    paused = make_reader(paused_until=timezone.now().date())
    left, pending = make_reader(), make_reader(state="pending", confirmed_at=None)
    now = timezone.now()
    subscribing.unsubscribe(left.pk, now=now, origin="page")
    pending.consent_events.create(kind="subscribed", origin="form", at=now)
    asked = [
        AddressChange.objects.create(subscriber=owner, email=email, asked_at=now)
        for owner, email in ((reader, "new@example.org"), (paused, reader.email))
    ]
    return [
        *(choices_url(person) for person in (reader, paused, left, pending)),
        *(confirm_url(person) for person in (pending, reader, left)),
        *(address_url(change.pk) for change in asked),
        *(unsubscribe_url("daily", person.pk) for person in (reader, left)),
        delete_path(reader),
        mute_path(reader, *sources),
        mute_path(paused, sources[0]),
        mute_path(paused, make_source(retired_at=now)),
        mute_path(paused, sources[0]) + "000",
    ]


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_no_personal_page_shuts_anybody_out_or_needs_sideways_scrolling(site, open_page, width):
    page = open_page(width=width)
    for path in pages_to_look_at():
        page.goto(path if path.startswith("http") else site + path)
        shuts_nobody_out(page, width, runOnly=RULES)


def test_forms_with_errors_shut_nobody_out(site, open_page):
    page = open_page()
    url = choices_url(make_reader())
    for label, button in (("New e-mail address", "Change the address"), ("No mail until", "Pause")):
        page.goto(url)
        page.get_by_role("button", name=button, exact=True).click()
        page.get_by_role("alert").wait_for()
        assert axe.Axe().run(page).response["violations"] == []
        described = page.get_by_label(label).get_attribute("aria-describedby")
        assert page.locator(f"#{described}").inner_text().startswith("Please")
