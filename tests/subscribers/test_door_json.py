"""The door for programs."""

import json
from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from subscribers.admission import domains, make_stamp
from subscribers.admission.domains import DomainCheck
from subscribers.forms.from_json import NAMES, BadBody, fields_of
from subscribers.models import ConsentEvent, SignUp, Subscriber
from tests.factories import make_reader, make_source
from tests.subscribers.doors import ADA, NOTHING, counted, rows

pytestmark = pytest.mark.django_db

URL = "/subscribe.json"
GOOD = {"email": ADA, "wants_daily": True, "wants_weekly": True}
FIELDS = {"email": ADA, "wants_daily": "on", "wants_weekly": "on", "which": "all"}


def send(client, body, **headers):
    body = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(URL, body, content_type="application/json", headers=headers)


# --- What is needed --------------------------------------------------------------------------


def test_a_program_is_told_what_a_sign_up_needs(client, gates):
    gates.PROOF_OF_WORK_BITS = 8
    make_source("Ferry Weekly", slug="ferry", company="Ferry")
    make_source("Closed", retired_at="2026-01-01T00:00Z")
    told = client.get(URL).json()
    assert told["sources"] == [{"slug": "ferry", "name": "Ferry Weekly", "company": "Ferry"}]
    assert told["proof_of_work"] == {"stamp": told["stamp"], "bits": 8}
    assert told["min_seconds"] == 2
    assert told["languages"] == ["en", "de"]


def test_what_is_told_is_enough_to_sign_up(client, gates, time_machine):
    stamp = client.get(URL).json()["stamp"]
    time_machine.shift(3)
    assert send(client, {**GOOD, "stamp": stamp}).status_code == 202


# --- Taking a sign-up ------------------------------------------------------------------------


def test_a_request_is_taken_with_what_was_chosen(client):
    make_source(slug="ferry")
    response = send(
        client,
        {
            "email": "Ada@Example.com",
            "wants_weekly": True,
            "wants_daily": False,
            "sources": ["ferry"],
            "hour": 6,
            "time_zone": "Asia/Tokyo",
            "language": "de",
            "solution": None,
        },
    )
    assert response.status_code == 202
    assert response.json()["status"] == "check_inbox"
    assert response["Content-Language"] == "de"
    asked = SignUp.objects.get()
    assert (asked.email, asked.origin) == (ADA, ConsentEvent.Origin.API)
    chosen = asked.choices
    assert (chosen["wants_daily"], chosen["wants_weekly"]) == (False, True)
    assert chosen["source_slugs"] == ["ferry"]
    assert (chosen["hour"], chosen["time_zone"], chosen["language"]) == (6, "Asia/Tokyo", "de")


@pytest.mark.parametrize("email", ["", "ada", "a@b.example, c@d.example"])
def test_there_is_no_preview_that_would_take_a_request_without_an_address(client, email):
    fields = {**FIELDS, "email": email, "action": "preview"}
    response = client.post(URL, fields)
    assert response.status_code == 422
    assert list(response.json()["errors"]) == ["email"]
    assert rows() == NOTHING


def test_a_preview_asks_the_domain_as_every_request_does(client, settings, monkeypatch):
    monkeypatch.setattr(domains, "check", lambda email: DomainCheck(False, None))
    response = client.post(URL, {**FIELDS, "action": "preview"})
    assert response.status_code == 422
    assert rows() == NOTHING


@pytest.mark.parametrize("as_type", ["application/x-www-form-urlencoded", "multipart"])
def test_a_forms_fields_are_taken_too(client, as_type):
    if as_type == "multipart":
        response = client.post(URL, {"email": ADA, "wants_daily": "on"})
    else:
        response = client.post(URL, f"email={ADA}&wants_daily=on", content_type=as_type)
    assert response.status_code == 202
    assert SignUp.objects.get().origin == ConsentEvent.Origin.API


def test_the_answer_does_not_tell_whether_an_address_is_known(client):
    unknown = send(client, GOOD)
    Subscriber.objects.all().delete()
    make_reader(ADA)
    known = send(client, GOOD)
    other = send(client, {**GOOD, "email": "eve@example.com"})
    program = send(client, {**GOOD, "email": "bob@example.com", "website": "x"})
    for response in (known, other, program):
        assert (response.status_code, response.content) == (202, unknown.content)
        assert response.headers.items() == unknown.headers.items()
    assert not SignUp.objects.filter(email="bob@example.com").exists()


# --- The same gates --------------------------------------------------------------------------


def test_a_request_without_a_stamp_is_told_how_long_to_wait_and_what_to_bring(
    client, gates, time_machine
):
    response = send(client, GOOD)
    told = response.json()
    assert response.status_code == 422
    assert told["wait_seconds"] == 2
    assert told["proof_of_work"] is None
    assert told["message"] == "Send it again in 2 seconds, with this stamp."
    assert rows() == NOTHING
    time_machine.shift(told["wait_seconds"])
    assert send(client, {**GOOD, "stamp": told["stamp"]}).status_code == 202


def test_too_many_requests_are_answered_with_when_to_come_again(client, gates):
    stamp = make_stamp(timezone.now() - timedelta(seconds=10))
    for number in range(3):
        answer = send(client, {**GOOD, "email": f"{number}@example.com", "stamp": stamp})
        assert answer.status_code == 202
    response = send(client, {**GOOD, "stamp": stamp})
    assert response.status_code == 429
    assert response["Retry-After"] == "3000"
    assert "message" in response.json()
    assert SignUp.objects.count() == 3


def test_a_mistyped_domain_is_asked_about(client, monkeypatch):
    monkeypatch.setattr(domains, "check", lambda email: DomainCheck(None, "ada@example.org"))
    response = send(client, GOOD)
    assert response.status_code == 422
    assert response.json()["suggestion"] == "ada@example.org"
    assert response.json()["errors"] == {"email": ["Did you mean ada@example.org?"]}
    assert send(client, {**GOOD, "sure": ADA}).status_code == 202


# --- Bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": None}, "email"),
        ({"email": "a@example.com, b@example.com"}, "email"),
        ({"email": "x" * 10_000 + "@example.com"}, "email"),
        ({"email": "ada@example.com\r\nBcc: bob@example.com"}, "email"),
        ({"email": "ada\x00@example.com"}, "email"),
        ({"sources": ["nowhere"]}, "sources"),
        ({"sources": ["\x00"]}, "sources"),
        ({"sources": [], "which": "some"}, "sources"),
        ({"hour": 24}, "hour"),
        ({"hour": -1}, "hour"),
        ({"hour": 10**30}, "hour"),
        ({"hour": "seven"}, "hour"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"language": "tlh"}, "language"),
        ({"wants_daily": False, "wants_weekly": False}, "wants_daily"),
    ],
)
def test_what_is_wrong_is_said_by_field_and_nothing_is_stored(client, more, field):
    response = send(client, {**GOOD, **more})
    assert response.status_code == 422
    assert list(response.json()["errors"]) == [field]
    assert rows() == NOTHING
    assert counted() == 0


@pytest.mark.parametrize(
    "body",
    [
        " ",
        "{",
        "[]",
        '"ada@example.com"',
        "null",
        "17",
        b"\xff\xfe{}",
        b'{"email": "\xff"}',
        '{"email": "a@example.com", "email": "b@example.com"}',
        '{"email": ["a@example.com", "b@example.com"]}',
        '{"email": {"address": "a@example.com"}}',
        '{"email": 17}',
        '{"email": true}',
        '{"email": "a@\\ud800.example"}',
        '{"sources": "ferry"}',
        '{"sources": [{"slug": "ferry"}]}',
        '{"sources": [[]]}',
        '{"sources": ["\\ud800"]}',
        '{"hour": 7.5}',
        '{"hour": true}',
        '{"hour": NaN}',
        '{"hour": -Infinity}',
        '{"hour": ' + "9" * 5_000 + "}",
        '{"wants_daily": "yes"}',
        '{"wants_daily": 1}',
        '{"source": ["ferry"]}',
        '{"embed": "1"}',
        '{"\\u0000": "x"}',
        "[" * 10_000,
        '{"email":' * 5_000,
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(client, body):
    response = send(client, body)
    assert response.status_code == 400
    assert response.json()["message"]
    assert rows() == NOTHING


def test_a_body_of_another_type_is_refused(client):
    response = client.post(URL, json.dumps(GOOD), content_type="text/plain")
    assert response.status_code == 415
    assert rows() == NOTHING


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(), json_values, max_size=4))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nothing_that_is_json_breaks_it(client, body):
    assert send(client, {**body, "wants_daily": False, "wants_weekly": False}).status_code in (
        400,
        422,
    )


@given(st.binary(max_size=60))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_breaks_the_reading(body):
    with suppress(BadBody):
        assert set(fields_of(body)) <= set(NAMES)


# --- Headers ---------------------------------------------------------------------------------


def test_scripts_of_any_site_may_use_it_and_none_sends_a_cookie_along(client, gates):
    origin = "https://elsewhere.example"
    answers = [
        client.options(URL, headers={"origin": origin, "access-control-request-method": "POST"}),
        client.get(URL, headers={"origin": origin}),
        send(client, GOOD, origin=origin),
        send(client, "{", origin=origin),
        client.delete(URL, headers={"origin": origin}),
    ]
    assert [answer.status_code for answer in answers] == [204, 200, 422, 400, 405]
    for answer in answers:
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer
        assert "Content-Type" in answer["Access-Control-Allow-Headers"]
        assert not answer.cookies
    assert answers[4]["Allow"] == "GET, HEAD, POST, OPTIONS"


def test_no_stamp_is_shared_and_no_answer_kept(client):
    assert client.get(URL)["Cache-Control"] == "private, no-cache"
    assert send(client, GOOD)["Cache-Control"] == "no-store"


def test_asking_stores_nothing(client):
    for answer in (client.get, client.head, client.options):
        answer(URL, {"email": ADA})
    assert rows() == NOTHING
