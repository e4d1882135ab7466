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


def left_by_link(**fields):
    reader = make_reader(**fields)
    Client().post(link(reader))
    return reader


def test_after_leaving_a_reason_may_be_given():
    reader = left_by_link()
    url = link(reader)
    sent = {"action": "reason", "reason": "too many mails", "words": " two a day "}
    for _ in range(2):
        page = Client(enforce_csrf_checks=True).post(url, sent).content.decode()
        assert "Thank you for telling us." in page
        assert "You get no more dailies" in page
    assert reader.consent_events.get().detail == "too many mails: two a day"


@pytest.mark.parametrize("sent", [{}, {"reason": "<b>"}, {"words": "  "}, {"reason": ""}])
def test_a_reason_is_optional(sent):
    reader = left_by_link()
    response = Client().post(link(reader), {"action": "reason", **sent})
    assert response.status_code == 200
    assert "Thank you" not in response.content.decode()
    assert reader.consent_events.get().detail == ""


def test_a_reason_of_any_length_is_no_error():
    reader = left_by_link()
    response = Client().post(link(reader), {"action": "reason", "words": "x\x00" * 5_000})
    assert response.status_code == 200
    assert "x" in reader.consent_events.get().detail


def test_a_reason_for_leaving_does_not_make_anybody_leave():
    reader = make_reader()
    page = Client().post(link(reader), {"action": "reason", "reason": "other"}).content.decode()
    assert "Unsubscribe from the daily?" in page
    reader.refresh_from_db()
    assert reader.wants_daily


@pytest.mark.parametrize("more", [{"action": "reason", "reason": "other"}, {"again": "daily"}])
def test_a_one_click_is_one_whatever_comes_with_it(more):
    reader = make_reader()
    Client(enforce_csrf_checks=True).post(link(reader), {**ONE_CLICK, **more})
    reader.refresh_from_db()
    assert not reader.wants_daily
    assert reader.consent_events.get().origin == "one_click"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click"),
        ("application/x-www-form-urlencoded; charset=utf-8", b"List-Unsubscribe=One-Click"),
        (
            "multipart/form-data; boundary=---FormBoundary",
            b"-----FormBoundary\r\n"
            b'Content-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
            b"One-Click\r\n-----FormBoundary--\r\n",
        ),
    ],
)
def test_the_bodies_of_rfc_8058_are_one_clicks(kind, body):
    reader = make_reader()
    provider = Client(enforce_csrf_checks=True)
    assert provider.post(link(reader), body, content_type=kind).status_code == 200
    assert reader.consent_events.get().origin == "one_click"


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=é"])
def test_a_form_that_cannot_be_read_unsubscribes_too(kind):
    reader = make_reader()
    response = Client().post(link(reader), b"List-Unsubscribe=One-Click", content_type=kind)
    assert response.status_code == 200
    reader.refresh_from_db()
    assert not reader.wants_daily


def test_the_page_is_in_the_readers_language(client):
    reader = make_reader(language="de")
    assert client.get(link(reader))["Content-Language"] == "de"
