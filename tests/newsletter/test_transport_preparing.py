"""What each provider is told of a message: keys against sending twice, and names to hand back."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from anymail.signals import AnymailTrackingEvent
from django.core.mail import EmailMessage, get_connection

from newsletter.addressing import NOTHING
from newsletter.messages import Envelope, message_for
from newsletter.tracking.providers import delivery_of
from newsletter.transport import Verdict, disconnect, patience, post
from tests.providers import PROVIDERS, Endpoint, Plan, connection_to, response, success
from tests.smtp import MESSAGE_ID, SmtpServer

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


def answered(endpoint, provider, plan=None, message=None):
    """Send a message to a provider that does as planned, or takes it; return the outcome."""
    connection = connection_to(provider, endpoint.port, 2)
    endpoint.plan = plan or taking(provider)
    outcome = post(connection, message or digest())
    disconnect(connection)
    return outcome


def taking(provider):
    return Plan(success(provider, READER), taken=True)


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
        answered(endpoint, "brevo", message=digest(uid))
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
    assert answered(endpoint, provider).verdict is Verdict.ACCEPTED
    call = endpoint.calls[0]
    if provider == "scaleway":
        # Anymail has no webhook for it; the message itself carries the name.
        names = [header["value"] for header in body_of(call)["additional_headers"]]
        assert json.dumps({"delivery": UID}) in names
        return
    event = AnymailTrackingEvent(event_type="delivered", **HANDED_BACK[provider](call))
    assert str(delivery_of(event)) == UID


def test_tags_stay_what_they_were_where_the_metadata_come_back(endpoint):
    answered(endpoint, "mandrill")
    answered(endpoint, "mailersend")
    first, second = map(body_of, endpoint.calls)
    assert first["message"]["tags"] == ["daily"]
    assert second["tags"] == [UID, "daily"]


def test_a_letter_is_sent_by_every_provider_as_it_is(endpoint):
    for provider in PROVIDERS:
        outcome = answered(endpoint, provider, message=letter())
        assert outcome.verdict is Verdict.ACCEPTED
    assert not any(b"dempotency" in call or MESSAGE_ID.search(call) for call in endpoint.calls)
