"""What providers answer over HTTP, or fail to, read to its cause."""

import json
from datetime import UTC, datetime

import pytest
import requests
from anymail.exceptions import (
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.core.mail import get_connection

from newsletter.transport import Verdict, disconnect, post, read_anymail
from tests.providers import (
    READER,
    Endpoint,
    Plan,
    answered,
    letter,
    response,
    success,
)
from tests.smtp import SmtpServer

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


@pytest.fixture
def endpoint():
    with Endpoint() as server:
        yield server


# --- Statuses --------------------------------------------------------------------------


def api_error(status):
    response = requests.Response()
    response.status_code = status
    response._content = b"{}"
    response.headers["Retry-After"] = "30"
    return AnymailRequestsAPIError("no", response=response, email_message=None)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (301, Verdict.HALTED),
        (302, Verdict.DOUBTFUL),
        (308, Verdict.HALTED),
        (400, Verdict.REFUSED),
        (401, Verdict.HALTED),
        (402, Verdict.HALTED),
        (403, Verdict.HALTED),
        (404, Verdict.HALTED),
        (408, Verdict.LATER),
        (420, Verdict.LATER),
        (422, Verdict.REFUSED),
        (429, Verdict.LATER),
        (500, Verdict.DOUBTFUL),
        (502, Verdict.DOUBTFUL),
        (503, Verdict.LATER),
        (504, Verdict.DOUBTFUL),
    ],
)
def test_a_providers_status_is_read_to_its_meaning(status, verdict):
    outcome = read_anymail(api_error(status))
    assert outcome.verdict is verdict
    assert outcome.unreachable is (verdict is not Verdict.REFUSED)
    if verdict is Verdict.LATER:
        assert outcome.retry_after == 30


@pytest.mark.parametrize("value", ["²", "-1", "1e3", "9" * 30, "Fri, 99 Nov", "soon", ""])
def test_an_odd_retry_after_is_left_aside(value):
    error = api_error(429)
    error.response.headers["Retry-After"] = value
    assert read_anymail(error).retry_after is None


@pytest.mark.parametrize("value", ["99999999", "Fri, 20 Nov 2099 07:00:00 GMT"])
def test_a_retry_after_of_years_becomes_a_day(value):
    error = api_error(429)
    error.response.headers["Retry-After"] = value
    assert read_anymail(error, now=NOW).retry_after == 86_400


@pytest.mark.parametrize(
    "value",
    [
        "Fri, 20 Nov 2026 07:02:00 GMT",
        "Friday, 20-Nov-26 07:02:00 GMT",
        "Fri Nov 20 07:02:00 2026",
    ],
)
def test_a_retry_after_may_be_a_date_in_any_of_its_forms(value):
    error = api_error(503)
    error.response.headers["Retry-After"] = value
    assert read_anymail(error, now=NOW).retry_after == 120


def test_a_date_counts_from_the_servers_own_clock():
    error = api_error(503)
    error.response.headers["Retry-After"] = "Fri, 20 Nov 2026 09:00:30 GMT"
    error.response.headers["Date"] = "Fri, 20 Nov 2026 09:00:00 GMT"
    assert read_anymail(error, now=NOW).retry_after == 30


def test_a_date_that_has_passed_asks_for_nothing():
    error = api_error(503)
    error.response.headers["Retry-After"] = "Fri, 20 Nov 2026 06:00:00 GMT"
    assert read_anymail(error, now=NOW).retry_after is None


# --- Errors of Anymail's own --------------------------------------------------------------


def test_a_message_that_could_not_be_built_never_left():
    assert read_anymail(AnymailSerializationError("odd value")).verdict is Verdict.REFUSED


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (AnymailRecipientsRefused(), Verdict.REFUSED),
        (AnymailInvalidAddress("Cannot encode 'readers.example' using idna"), Verdict.REFUSED),
        (AnymailInvalidAddress("Cannot encode 'news.example' using idna"), Verdict.HALTED),
        (AnymailInvalidAddress("Invalid address in `from_email`"), Verdict.HALTED),
        (AnymailUnsupportedFeature("Scaleway does not support EAI in to"), Verdict.REFUSED),
        (AnymailUnsupportedFeature("does not support tags"), Verdict.HALTED),
        (AnymailError("Cannot call Mailgun unknown sender domain"), Verdict.HALTED),
        (AnymailRequestsAPIError("no answer"), Verdict.DOUBTFUL),
    ],
)
def test_only_what_is_about_the_reader_is_held_against_the_reader(error, verdict):
    assert read_anymail(error, to=READER).verdict is verdict


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("mandrill", b"[]"),
        ("unisender_go", b'{"emails": []}'),
        ("scaleway", b'{"emails": []}'),
        ("postal", b'{"status": "success", "data": {"messages": {}}}'),
        ("mailjet", b'{"Messages": []}'),
        ("mailersend", b""),
        ("sparkpost", b'{"results": []}'),
        ("postal", b"[" * 50_000),
    ],
)
def test_a_success_that_does_not_name_the_reader_leaves_us_in_doubt(provider, body, endpoint):
    answer = response("200 OK", body, "Content-Type: text/plain")
    assert answered(endpoint, provider, Plan(answer, taken=True)).verdict is Verdict.DOUBTFUL


def test_a_reader_whom_a_provider_writes_otherwise_was_sent_to_all_the_same(endpoint):
    answer = success("mailjet", READER.upper())
    assert answered(endpoint, "mailjet", Plan(answer, taken=True)).verdict is Verdict.ACCEPTED


def test_postals_errors_come_as_successes_and_its_key_stays_where_it_is(endpoint):
    data = {"code": "InvalidServerAPIKey", "message": "not valid", "token": "the-secret"}
    body = json.dumps({"status": "error", "data": data}).encode()
    outcome = answered(endpoint, "postal", Plan(response("200 OK", body), taken=False))
    assert outcome.verdict is Verdict.HALTED
    assert outcome.reply == "Postal: InvalidServerAPIKey not valid"


@pytest.mark.parametrize("body", [b"null", b"[]", b"[" * 50_000])
def test_a_422_of_postmark_is_a_refusal_whatever_its_body(body, endpoint):
    plan = Plan(response("422 No", body), taken=False)
    assert answered(endpoint, "postmark", plan).verdict is Verdict.REFUSED


def test_what_one_mailer_noted_of_a_letter_is_not_the_next_ones(endpoint):
    sent = letter()
    answered(endpoint, "resend", Plan(response("401 No", b""), taken=False), message=sent)
    with SmtpServer() as server:
        backend = "newsletter.transport.SmtpBackend"
        connection = get_connection(backend, host="127.0.0.1", port=server.port, timeout=2)
        assert post(connection, sent).verdict is Verdict.ACCEPTED
        disconnect(connection)
