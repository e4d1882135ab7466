"""The front page's form, as a browser meets it."""

from datetime import timedelta

import pytest
from django.core import mail
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from subscribers.forms.door import Origin, SubscribeForm
from subscribers.models import ConsentEvent, SignUp, Subscriber
from subscribers.restraint import MAIL_GAP, MAX_MAILS_A_DAY
from subscribers.views.door import let_in
from tests.factories import make_reader, make_source
from tests.subscribers.doors import ADA, GOOD, NOTHING, counted, rows, stamped

pytestmark = pytest.mark.django_db

State = Subscriber.State


# --- The form ------------------------------------------------------------------------------


def test_the_form_offers_sources_hours_and_zones(client):
    make_source("Ferry Weekly", slug="ferry")
    page = client.get("/").content.decode()
    assert '<html lang="en"' in page
    assert 'value="ferry"' in page
    assert '<option value="Europe/Zurich">' in page
    assert '<option value="7" selected>07:00</option>' in page


def test_the_form_needs_no_cookie_and_no_token(workers, django_capture_on_commit_callbacks):
    stranger = Client(enforce_csrf_checks=True)
    assert not stranger.get("/").cookies
    with django_capture_on_commit_callbacks(execute=True):
        response = stranger.post("/", GOOD, headers={"origin": "https://elsewhere.example"})
    assert response.status_code == 200
    assert not response.cookies
    assert Subscriber.objects.filter(email=ADA).exists()


def test_a_request_is_taken_with_what_was_chosen_and_where_it_came_from(client):
    make_source(slug="ferry")
    fields = {"which": "some", "sources": "ferry", "hour": "6", "time_zone": "Asia/Tokyo"}
    response = client.post("/", {**GOOD, **fields, "email": " Ada@Example.com "})
    assert response.status_code == 200
    asked = SignUp.objects.get()
    assert (asked.email, asked.origin) == (ADA, ConsentEvent.Origin.FORM)
    assert asked.choices["source_slugs"] == ["ferry"]
    assert (asked.choices["hour"], asked.choices["time_zone"]) == (6, "Asia/Tokyo")


def test_the_pages_language_is_the_readers(client):
    client.post("/", GOOD, headers={"accept-language": "de"})
    assert SignUp.objects.get().choices["language"] == "de"


def test_a_form_says_its_own_language_and_is_answered_in_it(client):
    response = client.post("/", {**GOOD, "language": "de"}, headers={"accept-language": "en"})
    assert response["Content-Language"] == "de"
    assert SignUp.objects.get().choices["language"] == "de"


def test_a_language_that_we_do_not_write_in_is_said(client):
    response = client.post("/", {**GOOD, "language": "tlh"})
    assert response.status_code == 422
    assert "do not write in this language" in response.content.decode()
    assert rows() == NOTHING


# --- Nobody learns who reads -----------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"state": State.PENDING},
        {"state": State.ACTIVE},
        {"state": State.UNSUBSCRIBED},
        {"state": State.SUPPRESSED, "suppression": "bounced"},
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


@pytest.mark.parametrize("times", [1, 2, 5])
def test_the_answer_promises_no_mail_that_may_not_come(post, times):
    for _ in range(times):
        page = " ".join(post().content.decode().split())
    assert "can get mail from us, one is on its way, or has come within the last day" in page
    assert "at most every ten minutes and three times a day" in page
    assert len(mail.outbox) == 1
    assert timedelta(minutes=10) == MAIL_GAP, "or the page says otherwise"
    assert MAX_MAILS_A_DAY == 3, "or the page says otherwise"


@pytest.mark.parametrize(
    ("reply_to", "address"),
    [("", None), ("help@example.org", "help@example.org"), ('"The <News>" <h@x.org>', "h@x.org")],
)
def test_the_answer_names_who_helps_where_there_is_somebody(post, settings, reply_to, address):
    settings.REPLY_TO = reply_to
    page = post().content.decode()
    named = f'<a href="mailto:{address}">{address}</a>'
    assert (named in page) if address else ("mailto:" not in page)


def test_a_program_that_fills_the_hidden_field_is_told_the_same_and_forgotten(post):
    told = post(website="https://casino.example")
    assert rows() == NOTHING
    assert counted() == 0
    assert told.content == post().content


# --- Bad input -------------------------------------------------------------------------------


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
        ("which", "\x00", "Select a valid choice"),
    ],
)
def test_bad_input_gets_a_clear_page_and_stores_nothing(post, field, value, said):
    response = post(**{field: value})
    assert response.status_code == 422
    assert said in response.content.decode()
    assert rows() == NOTHING
    assert counted() == 0
    assert mail.outbox == []


@pytest.mark.parametrize("field", ["stamp", "solution", "sure", "use", "embed", "action"])
@pytest.mark.parametrize("value", ["\x00", "x" * 10_000, "ö\r\n", "'\"><b>"])
def test_fields_that_nobody_sees_break_nothing(client, gates, field, value):
    response = client.post("/", {**stamped(), field: value})
    assert response.status_code in (200, 422)
    assert "<b>" not in response.content.decode()


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


def test_what_a_short_form_left_out_is_shown_as_its_default(client):
    make_source(slug="ferry")
    page = client.post("/", {"email": "ada", "sources": "ferry"}).content.decode()
    assert '<option value="7" selected>07:00</option>' in page
    assert '<option value="UTC" selected>UTC</option>' in page
    assert 'value="some"\n                 checked' in page


# --- What the choice means -------------------------------------------------------------------


def test_a_preview_shows_the_form_as_it_was_filled_in_and_stores_nothing(client, gates):
    make_source(slug="ferry")
    fields = {"which": "some", "sources": "ferry", "hour": "5", "wants_weekly": "on"}
    response = client.post("/", {**fields, "email": "not yet", "action": "preview"})
    page = response.content.decode()
    assert response.status_code == 200
    assert 'class="error"' not in page
    assert "data-outlook" in page
    assert '<option value="5" selected>' in page
    assert 'value="not yet"' in page
    assert rows() == NOTHING
    assert counted() == 0


# --- Headers ---------------------------------------------------------------------------------


def test_pages_may_be_kept_by_the_browser_alone(client, gates):
    page = client.get("/")
    assert {"Cookie", "Accept-Language"} <= set(page["Vary"].split(", "))
    answers = [client.post("/", fields) for fields in (GOOD, stamped(), {"email": "ada"})]
    for response in (page, *answers):
        # Without no-store: Back shows what was typed.
        assert response["Cache-Control"] == "private, no-cache"


def test_pages_of_the_door_have_the_headers_of_the_house(client):
    for response in (client.get("/"), client.post("/", GOOD), client.post("/", {})):
        policy = response["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy
        assert response["X-Frame-Options"] == "DENY"
        assert response["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_other_methods_are_refused(client, method):
    assert getattr(client, method)("/").status_code == 405


@pytest.mark.parametrize(
    "fields", [{"email": ""}, {"email": "", "action": "preview"}, {"hour": 99}]
)
def test_what_is_no_request_is_not_let_in(fields):
    sent = QueryDict(mutable=True)
    sent.update({**GOOD, **fields})
    with pytest.raises(ValueError, match="no request"):
        let_in(SubscribeForm(sent), "192.0.2.0/24", origin=Origin.FORM, now=timezone.now())
    assert rows() == NOTHING
