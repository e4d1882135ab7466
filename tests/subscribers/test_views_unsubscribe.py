"""Leaving: the page with one button, and the one click of RFC 8058."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from subscribers.links import unsubscribe_url
from subscribers.models import Subscriber
from subscribers.subscribing import UNDO_WITHIN
from tests.factories import make_reader

pytestmark = pytest.mark.django_db

State = Subscriber.State
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def link(reader, kind="daily"):
    return unsubscribe_url(kind, reader.pk).removeprefix(django_settings.BASE_URL)


def one_click(url, form="multipart"):
    """Post as a mail provider does: no cookie, no CSRF token, no referrer."""
    provider = Client(enforce_csrf_checks=True)
    if form == "multipart":
        return provider.post(url, ONE_CLICK)
    return provider.post(url, urlencode(ONE_CLICK), content_type=form)


@pytest.mark.parametrize("form", ["multipart", "application/x-www-form-urlencoded"])
def test_one_click_ends_that_edition_without_cookie_or_redirect(form):
    reader = make_reader()
    response = one_click(link(reader), form)
    assert response.status_code == 200
    assert not response.cookies
    reader.refresh_from_db()
    assert (reader.wants_daily, reader.wants_weekly, reader.state) == (False, True, State.ACTIVE)
    assert reader.consent_events.get().origin == "one_click"


def test_one_click_on_the_only_edition_unsubscribes():
    reader = make_reader(wants_daily=False)
    one_click(link(reader, "weekly"))
    reader.refresh_from_db()
    assert reader.state == State.UNSUBSCRIBED


def test_one_click_may_be_repeated_and_never_expires(time_machine):
    reader = make_reader(wants_weekly=False)
    url = link(reader)
    time_machine.move_to(timezone.now() + timedelta(days=5000))
    assert [one_click(url).status_code for _ in range(3)] == [200, 200, 200]
    assert reader.consent_events.count() == 1


def test_one_click_works_after_the_key_was_changed(settings):
    reader = make_reader(wants_weekly=False)
    url = link(reader)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key than before"
    assert one_click(url).status_code == 200
    reader.refresh_from_db()
    assert reader.state == State.UNSUBSCRIBED


@pytest.mark.parametrize("state", [State.PENDING, State.UNSUBSCRIBED, State.SUPPRESSED])
def test_one_click_works_for_whoever_gets_no_mail_anyhow(state):
    reader = make_reader(state=state, suppression="bounced" if state == "suppressed" else "")
    assert one_click(link(reader)).status_code == 200
    reader.refresh_from_db()
    assert reader.state == state


def test_a_body_that_is_no_form_unsubscribes_too():
    reader = make_reader()
    provider = Client(enforce_csrf_checks=True)
    assert provider.post(link(reader), b"", content_type="text/plain").status_code == 200
    reader.refresh_from_db()
    assert not reader.wants_daily


def test_a_deleted_readers_link_is_calm(client):
    reader = make_reader()
    url = link(reader)
    reader.delete()
    for response in (client.get(url), one_click(url)):
        assert response.status_code == 200
        assert "You get no mail from us" in response.content.decode()


def test_the_page_has_one_button_and_says_what_stays(client):
    page = client.get(link(make_reader())).content.decode()
    assert page.count("<button") == 1
    assert "Unsubscribe from the daily?" in page
    assert "The weekly will still come." in page


def test_the_button_ends_the_edition_and_offers_the_way_back(client):
    reader = make_reader(wants_daily=False)
    page = client.post(link(reader, "weekly")).content.decode()
    assert "You get no more weeklies" in page
    assert "Subscribe again" in page
    assert "Send me the daily instead" in page
    assert reader.consent_events.get().origin == "link"


def test_subscribe_again_takes_it_back(client):
    reader = make_reader(wants_weekly=False)
    url = link(reader)
    client.post(url)
    page = client.post(url, {"again": "daily"}).content.decode()
    assert "You get the daily again" in page
    reader.refresh_from_db()
    assert (reader.state, reader.wants_daily, reader.wants_weekly) == (State.ACTIVE, True, False)


def test_the_other_edition_can_be_had_instead(client):
    reader = make_reader(wants_weekly=False)
    url = link(reader)
    client.post(url)
    page = client.post(url, {"again": "weekly"}).content.decode()
    assert "The weekly will still come" in page
    reader.refresh_from_db()
    assert (reader.state, reader.wants_daily, reader.wants_weekly) == (State.ACTIVE, False, True)


def test_an_old_link_offers_the_form_and_brings_nobody_back(client, time_machine):
    reader = make_reader(wants_weekly=False)
    url = link(reader)
    client.post(url)
    time_machine.move_to(timezone.now() + UNDO_WITHIN + timedelta(minutes=1))
    page = client.get(url).content.decode()
    assert "<button" not in page
    assert 'href="/"' in page
    client.post(url, {"again": "daily"})
    reader.refresh_from_db()
    assert reader.state == State.UNSUBSCRIBED


def test_a_suppressed_reader_can_leave_for_good_and_is_told_the_truth(client):
    reader = make_reader(state=State.SUPPRESSED, suppression="bounced", wants_weekly=False)
    page = client.get(link(reader)).content.decode()
    assert page.count("<button") == 1
    assert "We send nothing to this address for now" in page
    page = client.post(link(reader)).content.decode()
    assert "You get no more dailies" in page
    reader.refresh_from_db()
    assert reader.left_at is not None
    assert "<button" not in client.get(link(reader)).content.decode()


def test_a_suppressed_reader_is_not_told_that_the_other_edition_comes(client):
    reader = make_reader(state=State.SUPPRESSED, suppression="bounced")
    assert "will still come" not in client.get(link(reader)).content.decode()
    assert "will still come" not in client.post(link(reader)).content.decode()


def test_an_unknown_way_back_is_a_way_out(client):
    reader = make_reader()
    client.post(link(reader), {"again": "monthly"})
    reader.refresh_from_db()
    assert not reader.wants_daily
