"""The front page and the confirmation, as a browser meets them."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client
from django.utils import timezone

from subscribers.links import choices_url, confirm_url, unsubscribe_url
from subscribers.models import CONFIRM_WITHIN, ConsentEvent, Subscriber
from subscribers.tasks import send_confirmation
from tests.factories import make_reader, make_source

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
GOOD = {"email": ADA, "wants_daily": "on", "wants_weekly": "on", "which": "all"}
State = Subscriber.State


@pytest.fixture
def post(client, monkeypatch, django_capture_on_commit_callbacks):
    """Send the form and run the task that it queues."""
    monkeypatch.setattr(
        send_confirmation, "apply_async", lambda args, **_: send_confirmation(*args)
    )

    def posting(**fields):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post("/", {**GOOD, **fields})

    return posting


def path(url):
    return url.removeprefix(django_settings.BASE_URL)


def rows():
    """Everything about people that a request could change."""
    return (
        list(Subscriber.objects.order_by("pk").values()),
        list(ConsentEvent.objects.order_by("pk").values()),
        list(Subscriber.sources.through.objects.order_by("pk").values()),
    )


def test_the_form_offers_sources_hours_and_zones(client):
    make_source("Ferry Weekly", slug="ferry")
    page = client.get("/").content.decode()
    assert '<html lang="en"' in page
    assert 'value="ferry"' in page
    assert '<option value="Europe/Zurich">' in page
    assert '<option value="7" selected>07:00</option>' in page


def test_a_subscription_goes_from_the_form_by_mail_to_the_confirmed_reader(client, post):
    make_source(slug="ferry")
    response = post(
        email="Ada@Example.com", which="some", sources="ferry", hour="6", time_zone="Asia/Tokyo"
    )
    assert response.status_code == 200
    (message,) = mail.outbox
    reader = Subscriber.objects.get(email=ADA)
    link = confirm_url(reader.pk)
    assert link in message.body
    assert "Confirm my subscription" in client.get(path(link)).content.decode()
    page = client.post(path(link)).content.decode()
    assert path(choices_url(reader.pk)) in page
    reader.refresh_from_db()
    assert (reader.state, reader.hour, reader.time_zone) == (State.ACTIVE, 6, "Asia/Tokyo")
    assert [source.slug for source in reader.sources.all()] == ["ferry"]


@pytest.mark.parametrize(
    "fields",
    [
        {"state": State.PENDING},
        {"state": State.ACTIVE},
        {"state": State.UNSUBSCRIBED},
        {"state": State.SUPPRESSED, "suppression": "complained"},
    ],
)
def test_the_answer_does_not_tell_whether_an_address_is_known(post, fields):
    unknown = post()
    Subscriber.objects.all().delete()
    make_reader(ADA, **fields)
    known = post()
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert known.headers.items() == unknown.headers.items()


def test_a_program_that_fills_the_hidden_field_is_told_the_same_and_forgotten(post):
    told = post(website="https://casino.example")
    assert rows() == ([], [], [])
    assert told.content == post().content


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("email", "", "Please enter your e-mail address."),
        ("email", "a@example.com, b@example.com", "one address only"),
        ("email", "x" * 10_000 + "@example.com", "longer than the 254 characters"),
        ("email", "ada@example.com\r\nBcc: bob@example.com", "one address only"),
        ("email", "ada@exam\nple.com", "not a complete e-mail address"),
        ("email", "jörg@example.com", "before the @"),
        ("email", "ada\x00@example.com", "Null characters"),
        ("sources", "no-such-source", "not on offer"),
        ("sources", "\x00", "not on offer"),
        ("time_zone", "Nowhere/At/All", "time zone is not known"),
        ("hour", "99", "Please choose an hour"),
        ("hour", "\x00", "Please choose an hour"),
    ],
)
def test_bad_input_gets_a_clear_page_and_stores_nothing(post, field, value, said):
    response = post(**{field: value})
    assert response.status_code == 422
    assert said in response.content.decode()
    assert rows() == ([], [], [])
    assert mail.outbox == []


def test_an_error_is_tied_to_its_field(post):
    page = post(email="ada").content.decode()
    assert 'aria-describedby="id_email_error"' in page
    assert 'id="id_email_error"' in page
    assert 'aria-invalid="true"' in page


def test_what_was_typed_comes_back_escaped(post):
    page = post(email='"><script>alert(1)</script>').content.decode()
    assert "<script>alert" not in page


def test_choosing_no_edition_is_an_error_that_is_said(client):
    response = client.post("/", {"email": ADA})
    assert response.status_code == 422
    assert "the daily, the weekly, or both" in response.content.decode()


def test_a_body_of_ten_megabytes_is_refused_with_a_page(client):
    response = client.post("/", {**GOOD, "email": "x" * 10_000_000})
    assert response.status_code == 400
    assert "We could not read that" in response.content.decode()
    assert rows() == ([], [], [])


def test_a_form_without_its_csrf_token_gets_a_page_that_says_what_to_do():
    response = Client(enforce_csrf_checks=True).post("/", GOOD)
    assert response.status_code == 403
    assert "send the form once more" in response.content.decode()
    assert rows() == ([], [], [])


def test_confirming_needs_no_cookie():
    reader = make_reader(state=State.PENDING)
    event = {"kind": "subscribed", "origin": "form", "at": reader.created_at}
    ConsentEvent.objects.create(subscriber=reader, **event)
    response = Client(enforce_csrf_checks=True).post(path(confirm_url(reader.pk)))
    assert response.status_code == 200
    reader.refresh_from_db()
    assert reader.state == State.ACTIVE


def test_an_expired_confirmation_says_so_and_offers_the_form(client, post, time_machine):
    post()
    reader = Subscriber.objects.get()
    time_machine.move_to(timezone.now() + CONFIRM_WITHIN + timedelta(minutes=1))
    for response in (
        client.get(path(confirm_url(reader.pk))),
        client.post(path(confirm_url(reader.pk))),
    ):
        assert response.status_code == 410
        assert "This link has expired" in response.content.decode()
        assert 'href="/"' in response.content.decode()
    reader.refresh_from_db()
    assert reader.state == State.PENDING


def test_a_confirmation_link_opens_the_choices_only_at_the_moment_it_is_used(client):
    reader = make_reader()
    for response in (
        client.get(path(confirm_url(reader.pk))),
        client.post(path(confirm_url(reader.pk))),
    ):
        assert response.status_code == 200
        assert path(choices_url(reader.pk)) not in response.content.decode()


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
        confirm_url(reader.pk),
        choices_url(reader.pk),
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
            confirm_url(reader.pk),
            choices_url(reader.pk),
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
    client.post(path(choices_url(reader.pk)), {"action": "save"})
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
