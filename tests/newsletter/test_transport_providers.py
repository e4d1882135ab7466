"""What providers answer over HTTP, read to its cause, and what each is told of a message."""

import json
import ssl
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from anymail.signals import AnymailTrackingEvent
from django.core.mail import EmailMessage, get_connection

from newsletter.addressing import NOTHING
from newsletter.messages import Envelope, message_for
from newsletter.tracking.providers import delivery_of
from newsletter.transport import Verdict, disconnect, patience, post, read_anymail
from tests.providers import PROVIDERS, Endpoint, Plan, connection_to, response, success
from tests.smtp import MESSAGE_ID, SmtpServer, closed_port

READER = "ada@readers.example"
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
UID = "5b3c1d52-5b0a-4c7e-9d0e-1f6a2b3c4d5e"
OTHER = "6b3c1d52-5b0a-4c7e-9d0e-1f6a2b3c4d5e"


def digest(uid=UID):
    envelope = Envelope(
        uid=uid,
        address=READER,
        unsubscribe_url="https://news.example.org/u/1",
        kind="daily",
        slug="2026-11-20",
        subject="Subject",
        at=NOW,
    )
    message = message_for(envelope, NOTHING)
    message.body = "A body."
    return message


def letter():
    return EmailMessage("Subject", "A body.", "digest@news.example", [READER])


@pytest.fixture
def endpoint():
    with Endpoint() as server:
        yield server


def answered(endpoint, provider, *plans, message=digest):
    """Send a message over one connection for each plan, and return the last outcome."""
    connection = connection_to(provider, endpoint.port, 2)
    for plan in plans:
        endpoint.plan = plan
        outcome = post(connection, message())
    disconnect(connection)
    return outcome


def taking(provider):
    return Plan(success(provider, READER), taken=True)


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


# --- Failures without an answer ----------------------------------------------------------


def caused_by(call):
    """Return Anymail's error over what a call raises."""
    with pytest.raises(requests.RequestException) as caught:
        call()
    error = AnymailAPIError("failed")
    error.__cause__ = caught.value
    return error


def test_a_call_that_never_connected_may_be_repeated():
    error = caused_by(lambda: requests.get(f"http://127.0.0.1:{closed_port()}/", timeout=1))
    outcome = read_anymail(error)
    assert (outcome.verdict, outcome.never_began) == (Verdict.LATER, True)


@pytest.mark.parametrize("end", ["silence", "drop", "reset"])
def test_a_call_that_did_not_get_through_tls_may_be_repeated(end, endpoint):
    endpoint.plan = Plan(b"", taken=False, end=end, hears=False)
    url = f"https://127.0.0.1:{endpoint.port}/"
    outcome = read_anymail(caused_by(lambda: requests.post(url, b"x", timeout=0.5)))
    assert (outcome.verdict, outcome.never_began) == (Verdict.LATER, True)


def test_a_server_that_speaks_no_tls_heard_nothing():
    with SmtpServer() as server:
        url = f"https://127.0.0.1:{server.port}/"
        outcome = read_anymail(caused_by(lambda: requests.post(url, b"x", timeout=2)))
    assert outcome.verdict is Verdict.LATER


@pytest.mark.parametrize(
    "plan",
    [
        Plan(b"", taken=True, end="drop"),
        Plan(b"", taken=True, end="reset"),
        Plan(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", taken=True, end="drop"),
        Plan(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", taken=True, end="drop"
        ),
        Plan(response("200 OK", b"junk", "Content-Encoding: gzip"), taken=True),
    ],
)
def test_a_call_that_broke_off_may_have_been_heard(plan, endpoint):
    outcome = answered(endpoint, "postmark", plan)
    assert (outcome.verdict, outcome.unreachable) == (Verdict.DOUBTFUL, True)
    assert not outcome.needs_operator


def test_a_tls_error_after_the_handshake_is_no_proof():
    error = AnymailAPIError("failed")
    error.__cause__ = requests.exceptions.SSLError(ssl.SSLError("bad record"))
    assert read_anymail(error).verdict is Verdict.DOUBTFUL
    error.__cause__ = requests.ReadTimeout("no answer")
    assert read_anymail(error).verdict is Verdict.DOUBTFUL


def test_a_proxy_that_is_not_there_or_lets_nothing_through_proves_that_nothing_left(endpoint):
    endpoint.plan = Plan(response("407 Who are you", b""), taken=False, end="drop")
    for port in (closed_port(), endpoint.port):
        proxies = {"https": f"http://127.0.0.1:{port}"}

        def call(proxies=proxies):
            requests.post("https://api.example/", b"x", proxies=proxies, timeout=2)

        assert read_anymail(caused_by(call)).verdict is Verdict.LATER


@pytest.mark.parametrize("url", ["api.example/", "http://", "gopher://api.example/", "http://["])
def test_an_address_that_is_none_waits_for_an_operator(url):
    error = caused_by(lambda: requests.post(url, b"x", timeout=1))
    assert read_anymail(error).verdict is Verdict.HALTED


def test_what_was_handled_before_a_call_says_nothing_of_it():
    try:
        requests.get(f"http://127.0.0.1:{closed_port()}/", timeout=1)
    except requests.ConnectionError:
        try:
            raise ConnectionResetError("after everything was sent")
        except ConnectionResetError as exc:
            error = AnymailAPIError("failed")
            error.__cause__ = requests.ConnectionError(exc)
    assert read_anymail(error).verdict is Verdict.DOUBTFUL


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(code, endpoint):
    with Endpoint() as elsewhere:
        elsewhere.plan = taking("sendgrid")
        where = f"Location: http://127.0.0.1:{elsewhere.port}/"
        plan = Plan(response(f"{code} Elsewhere", b"", where), taken=False)
        outcome = answered(endpoint, "sendgrid", plan)
        assert not elsewhere.calls
    assert outcome.needs_operator
    certain = code in (301, 307, 308)
    assert outcome.verdict is (Verdict.HALTED if certain else Verdict.DOUBTFUL)


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
    answered(endpoint, "resend", Plan(response("401 No", b""), taken=False), message=lambda: sent)
    with SmtpServer() as server:
        backend = "newsletter.transport.SmtpBackend"
        connection = get_connection(backend, host="127.0.0.1", port=server.port, timeout=2)
        assert post(connection, sent).verdict is Verdict.ACCEPTED
        disconnect(connection)


# --- What a provider is told of a message ---------------------------------------------------


def header_of(call, name):
    lines = call.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    fields = dict(line.split(": ", 1) for line in lines)
    return fields.get(name)


def body_of(call):
    return json.loads(call.partition(b"\r\n\r\n")[2])


def test_resend_gets_each_delivery_under_a_key_of_its_own_in_every_attempt(endpoint):
    connection = connection_to("resend", endpoint.port, 2)
    endpoint.plan = taking("resend")
    for message in (digest(), digest(OTHER), letter(), digest()):
        assert post(connection, message).verdict is Verdict.ACCEPTED
    disconnect(connection)
    keys = [header_of(call, "Idempotency-Key") for call in endpoint.calls]
    assert keys == [UID, OTHER, None, UID]


def test_resend_gets_the_key_by_smtp_and_nobody_else_does(monkeypatch):
    real = patience.socket.getaddrinfo
    home = "127.0.0.1"
    monkeypatch.setattr(
        patience.socket, "getaddrinfo", lambda host, port, **kwargs: real(home, port, **kwargs)
    )
    with SmtpServer() as server:
        for host in ("smtp.resend.com", "mail.example"):
            backend = "newsletter.transport.SmtpBackend"
            connection = get_connection(backend, host=host, port=server.port, timeout=2)
            assert post(connection, digest()).verdict is Verdict.ACCEPTED
            disconnect(connection)
    first, second = (sent for _, sent in server.taken)
    assert f"Resend-Idempotency-Key: {UID}\r\n".encode() in first
    assert b"Idempotency" not in second


def test_brevo_gets_each_delivery_under_a_key_of_its_own(endpoint):
    for uid in (UID, OTHER):
        answered(endpoint, "brevo", taking("brevo"), message=lambda uid=uid: digest(uid))
    keys = [body_of(call)["headers"]["idempotencyKey"] for call in endpoint.calls]
    assert keys == [UID, OTHER]


@pytest.mark.parametrize(
    ("provider", "code", "body"),
    [
        ("resend", 409, {"name": "invalid_idempotent_request", "message": "was used"}),
        ("resend", 409, {"name": "concurrent_idempotent_requests", "message": "in progress"}),
        ("brevo", 400, {"code": "duplicate_parameter", "message": "idempotencyKey"}),
    ],
)
def test_a_key_that_was_used_is_no_refusal(provider, code, body, endpoint):
    plan = Plan(response(f"{code} No", json.dumps(body).encode()), taken=True)
    outcome = answered(endpoint, provider, plan)
    assert outcome.verdict is Verdict.DOUBTFUL
    assert "an earlier attempt was taken" in outcome.reply


def form_of(call):
    return {name: values[0] for name, values in parse_qs(call.partition(b"\r\n\r\n")[2]).items()}


# What each provider's webhook hands back of a call, as its documentation has it.
HANDED_BACK = {
    "brevo": lambda call: {"metadata": json.loads(body_of(call)["headers"]["X-Mailin-custom"])},
    "mailersend": lambda call: {"tags": body_of(call)["tags"]},
    "mailgun": lambda call: {"metadata": {"delivery": form_of(call)[b"v:delivery"].decode()}},
    "mailjet": lambda call: {"metadata": json.loads(body_of(call)["Globals"]["EventPayload"])},
    "mailtrap": lambda call: {"metadata": body_of(call)["custom_variables"]},
    "mandrill": lambda call: {"metadata": body_of(call)["message"]["metadata"]},
    "postal": lambda call: {"tags": [body_of(call)["tag"]]},
    "postmark": lambda call: {"metadata": body_of(call)["Metadata"]},
    "resend": lambda call: {"metadata": json.loads(body_of(call)["headers"]["X-Metadata"])},
    "sendgrid": lambda call: {"metadata": body_of(call)["custom_args"]},
    "sparkpost": lambda call: {"metadata": body_of(call)["metadata"]},
    "unisender_go": lambda call: {"metadata": body_of(call)["message"]["global_metadata"]},
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_a_provider_hands_back_names_the_delivery(provider, endpoint, settings):
    settings.ANYMAIL = {"IGNORE_UNSUPPORTED_FEATURES": True}
    assert answered(endpoint, provider, taking(provider)).verdict is Verdict.ACCEPTED
    call = endpoint.calls[0]
    if provider == "scaleway":
        # Anymail has no webhook for it; the message itself carries the name.
        names = [header["value"] for header in body_of(call)["additional_headers"]]
        assert json.dumps({"delivery": UID}) in names
        return
    event = AnymailTrackingEvent(event_type="delivered", **HANDED_BACK[provider](call))
    assert str(delivery_of(event)) == UID


def test_tags_stay_what_they_were_where_the_metadata_come_back(endpoint):
    answered(endpoint, "mandrill", taking("mandrill"))
    answered(endpoint, "mailersend", taking("mailersend"))
    first, second = map(body_of, endpoint.calls)
    assert first["message"]["tags"] == ["daily"]
    assert second["tags"] == [UID, "daily"]


def test_a_letter_is_sent_by_every_provider_as_it_is(endpoint):
    for provider in PROVIDERS:
        outcome = answered(endpoint, provider, taking(provider), message=letter)
        assert outcome.verdict is Verdict.ACCEPTED
    assert not any(b"dempotency" in call or MESSAGE_ID.search(call) for call in endpoint.calls)
