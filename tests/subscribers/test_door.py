"""The front page's form, as a browser meets it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from subscribers.admission import domains, make_stamp
from subscribers.admission.domains import DomainCheck
from subscribers.models import ConsentEvent, SignUp, Subscriber
from tests.factories import make_reader, make_source
from tests.subscribers.doors import ADA, GOOD, NOTHING, counted, fields_on, rows

pytestmark = pytest.mark.django_db

State = Subscriber.State


@pytest.fixture
def gates(settings, time_machine):
    """Close the gates as they are by default, at a time that stands still."""
    settings.MIN_FORM_SECONDS = 2
    settings.SIGN_UPS_PER_NETWORK, settings.SIGN_UPS_PER_HOUR = 3, 5
    time_machine.move_to(datetime(2026, 11, 20, 12, 10, tzinfo=UTC), tick=False)
    return settings


@pytest.fixture
def domain(monkeypatch):
    """Say what is known of every domain."""

    def known(takes_mail=None, suggestion=None):
        known.of = DomainCheck(takes_mail, suggestion)

    known()
    monkeypatch.setattr(
        domains, "check", lambda email: known.of if email == ADA else DomainCheck(None, None)
    )
    return known


def stamped(seconds=10, **fields):
    return {**GOOD, "stamp": make_stamp(timezone.now() - timedelta(seconds=seconds)), **fields}


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


# --- Mistyped domains ------------------------------------------------------------------------


def test_a_mistyped_domain_is_asked_about_once(client, domain):
    domain(suggestion="ada@example.org")
    asked = client.post("/", GOOD)
    assert asked.status_code == 422
    assert "Did you mean ada@example.org?" in asked.content.decode()
    assert rows() == NOTHING


def test_the_address_that_was_meant_is_taken(client, domain):
    domain(suggestion="ada@example.org")
    response = client.post("/", {**GOOD, "use": "ada@example.org"})
    assert "ada@example.org" in response.content.decode()
    assert SignUp.objects.get().email == "ada@example.org"


def test_a_person_who_knows_better_is_believed(client, domain):
    domain(suggestion="ada@example.org")
    assert client.post("/", {**GOOD, "sure": ADA}).status_code == 200
    assert SignUp.objects.get().email == ADA


def test_an_answer_to_the_question_counts_for_that_address_alone(client, domain):
    domain(suggestion="ada@example.org")
    for answer in ({"use": "eve@example.com"}, {"sure": "eve@example.com"}):
        assert client.post("/", {**GOOD, **answer}).status_code == 422
    client.post("/", {**GOOD, "email": "bob@example.com", "use": "ada@example.org"})
    assert SignUp.objects.get().email == "bob@example.com"


def test_a_domain_that_takes_no_mail_is_an_error_with_its_reason(client, domain):
    domain(takes_mail=False)
    response = client.post("/", {**GOOD, "sure": ADA})
    assert response.status_code == 422
    assert "takes no mail" in response.content.decode()
    assert rows() == NOTHING


def test_name_servers_are_not_asked_for_programs_errors_or_previews(client, monkeypatch):
    def asked(email):
        raise AssertionError("asked")

    monkeypatch.setattr(domains, "check", asked)
    for more in ({"website": "x"}, {"hour": "99"}, {"action": "preview"}):
        client.post("/", {**GOOD, **more})


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


# --- The gates -------------------------------------------------------------------------------


def test_a_form_that_comes_back_at_once_is_asked_to_be_sent_once_more(client, gates):
    response = client.post("/", stamped(seconds=0))
    assert response.status_code == 422
    assert "Press once more" in response.content.decode()
    assert rows() == NOTHING


def test_pressing_once_more_brings_everything_that_was_chosen(client, gates, time_machine):
    make_source(slug="ferry")
    make_source(slug="harbour")
    sent = {"which": "some", "sources": ["ferry", "harbour"], "hour": "6", "embed": "1"}
    asked = client.post("/", {**GOOD, **sent, "email": "Ada@example.com", "language": "de"})
    time_machine.shift(3)
    response = client.post("/", fields_on(asked.content.decode()))
    assert response.status_code == 200
    kept = SignUp.objects.get()
    assert (kept.email, kept.origin) == (ADA, ConsentEvent.Origin.EMBED)
    assert kept.choices["source_slugs"] == ["ferry", "harbour"]
    assert (kept.choices["hour"], kept.choices["language"]) == (6, "de")


def test_a_longer_wait_is_said(client, gates):
    gates.PROOF_OF_WORK_BITS = 8
    page = client.post("/", GOOD).content.decode()
    assert "Please wait 30 seconds" in page
    assert 'data-proof-bits="8"' in page
    assert "proof.js" in page


def test_mending_an_error_does_not_begin_the_wait_anew(client, gates):
    fields = stamped(email="ada")
    page = client.post("/", fields).content.decode()
    assert fields_on(page)["stamp"] == [fields["stamp"]]


def test_too_many_requests_are_answered_with_when_to_come_again(client, gates, time_machine):
    for number in range(3):
        assert client.post("/", stamped(email=f"{number}@example.com")).status_code == 200
    before = rows()
    response = client.post("/", stamped())
    assert response.status_code == 429
    assert response["Retry-After"] == "3000"
    assert "a break of 50 minutes" in response.content.decode()
    assert rows() == before
    time_machine.shift(3000)
    assert client.post("/", fields_on(response.content.decode())).status_code == 200


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
