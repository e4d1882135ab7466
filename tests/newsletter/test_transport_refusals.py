"""Whom a refusal is about: a reader whose address is gone or full, or us."""

import json

import pytest
from anymail.exceptions import AnymailInvalidAddress
from django.core.mail import EmailMessage, get_connection

from newsletter.transport import Verdict, disconnect, post, read_anymail
from tests.providers import PROVIDERS, Endpoint, Plan, connection_to, response
from tests.smtp import Script, SmtpServer

READER = "ada@readers.example"


def refused_at(step, answer):
    """Return the outcome of a message that a server refuses at a step."""
    with SmtpServer(Script({step: [answer]})) as server:
        backend = "newsletter.transport.SmtpBackend"
        connection = get_connection(backend, host="127.0.0.1", port=server.port, timeout=2)
        outcome = post(connection, EmailMessage("Hi", "A body.", "us@news.example", [READER]))
        disconnect(connection)
    assert outcome.verdict is Verdict.REFUSED
    return outcome


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.1.1 no such user",
        "550-5.1.1 The account that you tried to reach\r\n550 5.1.1 does not exist",
        "550 5.1.1 unknown [10.5.7.1], said the sender",
        "550 No such user here",
        "550 5.4.1 Recipient address rejected: Access denied",
    ],
)
def test_an_address_that_does_not_exist_is_called_so(answer):
    outcome = refused_at("rcpt", answer)
    assert (outcome.no_such_address, outcome.about_recipient) == (True, True)


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.2.1 Content Filter agent quarantined this message",
        "552 5.2.0 Suspected spam message rejected",
    ],
)
def test_after_the_content_a_vague_code_is_about_what_we_wrote(answer):
    outcome = refused_at("dot", answer)
    assert (outcome.no_such_address, outcome.about_recipient) == (False, False)


@pytest.mark.parametrize(
    "answer",
    [
        "554 5.7.1 <unknown[10.5.1.2]>: Client host rejected: Access denied",
        "550 5.7.1 Service unavailable, client [85.5.1.1] blocked",
        "550 5.7.1 blocked: too much mail for 5.1.1 addresses",
        "550 client [85.5.1.1] is not wanted",
        "550 no code",
        "554 Denied",
        "550 Your account has exceeded its sending limit",
        "552 5.3.4 message too big for system",
        "550 5.1.8 <us@news.example>: Sender address rejected: Domain not found",
        "550 5.1.0 <us@news.example>: Sender address rejected: User unknown",
        "550-Verification failed for <us@news.example>\r\n550 No such user here",
        "550-Verification failed for <us@news.example>\r\n550-Called: 192.0.2.1\r\n"
        "550-Response: 550 5.1.1 <us@news.example>: Recipient address rejected: User unknown\r\n"
        "550 Sender verify failed",
        "550 Daily recipient limit exceeded",
        "550 User has exceeded its limit, 250 recipients out of 250. Relay quota will reset",
        "550 Authentication required to send to this recipient",
        "554 Transaction failed: recipient rejected, your account is suspended",
        "550 account not found, please authenticate",
    ],
)
def test_what_is_about_us_is_held_against_no_reader(answer):
    outcome = refused_at("rcpt", answer)
    assert (outcome.no_such_address, outcome.about_recipient) == (False, False)


@pytest.mark.parametrize(
    "answer", ["552 5.2.2 over quota", "550 5.2.1 disabled", "550 mailbox unavailable"]
)
def test_a_mailbox_that_takes_nothing_says_nothing_of_the_others(answer):
    outcome = refused_at("rcpt", answer)
    assert (outcome.no_such_address, outcome.about_recipient) == (False, True)


@pytest.mark.parametrize(
    ("answer", "nobody", "theirs"),
    [
        ("550 5.1.1 <ada@readers.example> User unknown", True, True),
        ("552 5.2.2 over quota", False, True),
        ("550 no such user", False, False),
        ("554 5.7.1 spam, see 5.1.1", False, False),
        ("552 5.2.3 too long for this mailbox", False, False),
        ("554 your recipient is not amused", False, False),
    ],
)
def test_after_the_content_only_a_code_speaks_of_the_address(answer, nobody, theirs):
    outcome = refused_at("dot", answer)
    assert (outcome.no_such_address, outcome.about_recipient) == (nobody, theirs)


# --- Providers ------------------------------------------------------------------------------


def refused_by(provider, status, body):
    with Endpoint() as endpoint:
        connection = connection_to(provider, endpoint.port, 2)
        answer = response(status, json.dumps(body).encode(), "Content-Type: application/json")
        endpoint.plan = Plan(answer, taken=False)
        outcome = post(connection, EmailMessage("Hi", "A body.", "us@news.example", [READER]))
        disconnect(connection)
    assert (outcome.verdict, outcome.no_such_address) == (Verdict.REFUSED, False)
    return outcome


def no_of(provider):
    say = PROVIDERS[provider].no
    assert say is not None
    return say(READER)


INACTIVE = f"Found inactive addresses: {READER}. Inactive recipients are ones that have bounced."
INVALID = f"Invalid 'To' address: '{READER}'."


@pytest.mark.parametrize(
    ("provider", "status", "body"),
    [
        ("mandrill", "200 OK", no_of("mandrill")),
        ("unisender_go", "200 OK", no_of("unisender_go")),
        ("mailersend", "202 Accepted", no_of("mailersend")),
        ("postmark", "422 No", {"ErrorCode": 406, "Message": INACTIVE}),
        ("postmark", "422 No", {"ErrorCode": 406, "Message": "in other words"}),
        ("postmark", "422 No", {"ErrorCode": 300, "Message": INVALID}),
        ("sendgrid", "400 No", {"errors": [{"field": "personalizations.0.to.0.email"}]}),
        ("resend", "422 No", {"message": "Invalid `to` field. The email address needs to …"}),
        ("mailgun", "400 No", {"message": "'to' parameter is not a valid address."}),
        ("brevo", "400 No", {"message": "email is not valid in to"}),
    ],
)
def test_a_recipient_whom_a_provider_will_not_mail_says_nothing_of_the_others(
    provider, status, body
):
    assert refused_by(provider, status, body).about_recipient


@pytest.mark.parametrize(
    ("provider", "status", "body"),
    [
        ("mandrill", "200 OK", [{"email": READER, "status": "rejected", "reject_reason": "rule"}]),
        ("mailjet", "200 OK", no_of("mailjet")),
        ("postmark", "422 No", {"ErrorCode": 300, "Message": "Invalid 'From' address"}),
        ("sendgrid", "400 No", {"errors": [{"field": "from.email"}]}),
    ],
)
def test_what_a_provider_has_against_us_is_held_against_no_reader(provider, status, body):
    assert not refused_by(provider, status, body).about_recipient


def test_an_address_that_cannot_be_written_is_its_readers_alone():
    error = AnymailInvalidAddress("Cannot encode 'readers.example' using idna")
    assert read_anymail(error, to=READER).about_recipient
