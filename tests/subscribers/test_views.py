"""From the front page to the confirmation, and what all personal pages have in common."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client
from django.utils import timezone

from subscribers.links import choices_url, confirm_url, unsubscribe_url
from subscribers.models import CONFIRM_WITHIN, ConsentEvent, Subscriber
from tests.factories import make_reader, make_source
from tests.subscribers.doors import ADA, rows

pytestmark = pytest.mark.django_db

State = Subscriber.State


def path(url):
    return url.removeprefix(django_settings.BASE_URL)


def test_a_subscription_goes_from_the_form_by_mail_to_the_confirmed_reader(client, post):
    make_source(slug="ferry")
    response = post(
        email="Ada@Example.com", which="some", sources="ferry", hour="6", time_zone="Asia/Tokyo"
    )
    assert response.status_code == 200
    (message,) = mail.outbox
    reader = Subscriber.objects.get(email=ADA)
    link = confirm_url(reader)
    assert link in message.body
    assert "Confirm my subscription" in client.get(path(link)).content.decode()
    page = client.post(path(link)).content.decode()
    assert path(choices_url(reader)) in page
    assert "If one of the latest issues has something for you" in page, "there may be none"
    reader.refresh_from_db()
    assert (reader.state, reader.hour, reader.time_zone) == (State.ACTIVE, 6, "Asia/Tokyo")
    assert [source.slug for source in reader.sources.all()] == ["ferry"]


def test_confirming_needs_no_cookie():
    reader = make_reader(state=State.PENDING)
    event = {"kind": "subscribed", "origin": "form", "at": reader.created_at}
    ConsentEvent.objects.create(subscriber=reader, **event)
    response = Client(enforce_csrf_checks=True).post(path(confirm_url(reader)))
    assert response.status_code == 200
    reader.refresh_from_db()
    assert reader.state == State.ACTIVE


def test_an_expired_confirmation_says_so_and_offers_the_form(client, post, time_machine):
    post()
    reader = Subscriber.objects.get()
    time_machine.move_to(timezone.now() + CONFIRM_WITHIN + timedelta(minutes=1))
    for response in (
        client.get(path(confirm_url(reader))),
        client.post(path(confirm_url(reader))),
    ):
        assert response.status_code == 410
        assert "This link has expired" in response.content.decode()
        assert 'href="/"' in response.content.decode()
    reader.refresh_from_db()
    assert reader.state == State.PENDING


def test_a_confirmation_link_opens_the_choices_only_at_the_moment_it_is_used(client):
    reader = make_reader()
    for response in (
        client.get(path(confirm_url(reader))),
        client.post(path(confirm_url(reader))),
    ):
        assert response.status_code == 200
        assert path(choices_url(reader)) not in response.content.decode()


@pytest.mark.parametrize("start", ["/confirm/", "/choices/", "/u/"])
@pytest.mark.parametrize("token", ["x", "cAQ", "ö", "d" * 500, "p====", "dAQ%00", "w'--"])
def test_a_broken_link_gets_a_friendly_page(client, start, token):
    for answer in (client.get, client.post):
        response = answer(f"{start}{token}")
        assert response.status_code == 404
        assert "This link is not complete" in response.content.decode()


def test_a_link_for_one_thing_opens_nothing_else(client):
    reader = make_reader()
    starts = {"c": "/confirm/", "p": "/choices/", "d": "/u/", "w": "/u/"}
    urls = [
        confirm_url(reader),
        choices_url(reader),
        unsubscribe_url("daily", reader.pk),
        unsubscribe_url("weekly", reader.pk),
    ]
    for token in (url.rsplit("/", 1)[1] for url in urls):
        for start in set(starts.values()) - {starts[token[0]]}:
            assert client.get(f"{start}{token}").status_code == 404
        # The letter alone does not make it another token.
        for letter in set(starts) - {token[0]}:
            assert client.get(f"{starts[letter]}{letter}{token[1:]}").status_code == 404


def personal_urls(reader):
    return [
        path(url)
        for url in (
            confirm_url(reader),
            choices_url(reader),
            unsubscribe_url("daily", reader.pk),
            unsubscribe_url("weekly", reader.pk),
        )
    ]


def test_pages_behind_a_token_are_not_cached_indexed_or_told_to_others(client, caplog):
    reader = make_reader()
    for url in [*personal_urls(reader), "/u/dbroken"]:
        for response in (client.get(url), client.head(url), client.delete(url)):
            assert response["Referrer-Policy"] == "no-referrer"
            assert response["Cache-Control"] == "no-store"
            assert response["X-Robots-Tag"] == "noindex"
    client.post(path(choices_url(reader)), {"action": "save"})
    assert caplog.text == ""


@pytest.mark.parametrize("state", [State.PENDING, State.ACTIVE, State.UNSUBSCRIBED])
def test_a_crawler_that_follows_every_link_changes_no_row(client, state):
    reader = make_reader(state=state, sources=[make_source()])
    before = rows()
    for url in ["/", "/archive/", *personal_urls(reader)]:
        for answer in (client.get, client.head, client.options):
            assert answer(url).status_code in (200, 405, 410)
        assert client.get(url, {"action": "leave", "again": "daily"}).status_code in (200, 410)
    assert rows() == before


def test_pages_hold_no_inline_script_or_style_and_ask_nobody_else(client):
    reader = make_reader()
    for url in ["/", "/archive/", "/nope", *personal_urls(reader)]:
        response = client.get(url)
        page = response.content.decode()
        assert " style=" not in page
        assert "<style" not in page
        assert "<script>" not in page
        assert 'src="http' not in page
        assert "unsafe-inline" not in response["Content-Security-Policy"]
