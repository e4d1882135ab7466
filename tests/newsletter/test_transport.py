"""Every way a server can answer, and what is known afterwards."""

import copy
import smtplib

import pytest
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from hypothesis import given
from hypothesis import strategies as st

from newsletter.messages import JOINERS
from newsletter.transport import Outcome, Phase, Verdict, disconnect, post
from tests.smtp import DROP, DROP_AFTER_TAKING, HANG, Script, SmtpServer, closed_port


def message(body="A body.") -> EmailMessage:
    return EmailMessage("Subject", body, "digest@news.example", ["reader@example.com"])


def backend(server_port, settings):
    settings.EMAIL_FINAL_TIMEOUT = 1
    return get_connection(
        "newsletter.transport.SmtpBackend", host="127.0.0.1", port=server_port, timeout=1
    )


def outcome_of(script, settings, *, pipelining):
    with SmtpServer(Script(script), pipelining=pipelining) as server:
        connection = backend(server.port, settings)
        outcome = post(connection, message())
        connection.close()
        return outcome, server.taken


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        ({}, Verdict.ACCEPTED),
        ({"connect": ["421 4.3.2 busy"]}, Verdict.LATER),
        ({"connect": ["554 5.3.2 go away"]}, Verdict.LATER),
        ({"connect": [DROP]}, Verdict.LATER),
        ({"connect": [HANG]}, Verdict.LATER),
        ({"mail": ["421 4.3.2 closing"]}, Verdict.LATER),
        ({"mail": ["451 4.3.0 try later"]}, Verdict.LATER),
        ({"mail": ["550 5.7.1 sender refused"]}, Verdict.HALTED),
        ({"mail": [DROP]}, Verdict.LATER),
        ({"rcpt": ["450 4.2.1 mailbox busy"]}, Verdict.LATER),
        ({"rcpt": ["421 4.7.0 too many"]}, Verdict.LATER),
        ({"rcpt": ["550 5.1.1 no such user"]}, Verdict.REFUSED),
        ({"rcpt": ["550 5.7.1 policy"]}, Verdict.REFUSED),
        ({"rcpt": [DROP]}, Verdict.LATER),
        ({"rcpt": [HANG]}, Verdict.LATER),
        ({"data": ["451 4.3.0 not now"]}, Verdict.LATER),
        ({"data": ["554 5.7.1 spam"]}, Verdict.REFUSED),
        ({"data": [DROP]}, Verdict.LATER),
        ({"dot": ["451 4.3.0 not now"]}, Verdict.LATER),
        ({"dot": ["421 4.3.2 closing"]}, Verdict.LATER),
        ({"dot": ["554 5.7.1 spam"]}, Verdict.REFUSED),
        ({"dot": ["251 2.0.0 forwarded"]}, Verdict.ACCEPTED),
        ({"dot": [DROP]}, Verdict.DOUBTFUL),
        ({"dot": [DROP_AFTER_TAKING]}, Verdict.DOUBTFUL),
        ({"dot": [HANG]}, Verdict.DOUBTFUL),
        ({"dot": ["hello?"]}, Verdict.DOUBTFUL),
        ({"quit": [DROP]}, Verdict.ACCEPTED),
        ({"quit": ["421 4.3.2 closing"]}, Verdict.ACCEPTED),
    ],
)
def test_the_verdict_is_what_can_be_known(script, verdict, pipelining, settings):
    outcome, taken = outcome_of(copy.deepcopy(script), settings, pipelining=pipelining)
    assert outcome.verdict is verdict
    if verdict is Verdict.ACCEPTED:
        assert len(taken) == 1
    elif verdict is not Verdict.DOUBTFUL:
        assert not taken


def test_nobody_listening_means_later_and_unreachable(settings):
    connection = backend(closed_port(), settings)
    outcome = post(connection, message())
    assert (outcome.verdict, outcome.unreachable) == (Verdict.LATER, True)


def test_a_421_in_mid_session_leaves_the_next_message_unharmed(settings):
    with SmtpServer(Script({"mail": ["250 ok", "421 4.3.2 closing"]})) as server:
        connection = backend(server.port, settings)
        verdicts = []
        for _ in range(3):
            outcome = post(connection, message())
            verdicts.append(outcome.verdict)
            if outcome.verdict is not Verdict.ACCEPTED:
                connection.close()
        connection.close()
    assert verdicts == [Verdict.ACCEPTED, Verdict.LATER, Verdict.ACCEPTED]


@pytest.mark.parametrize("body", [".", "..", ".\r\n.", "a\n.\nb", "x" * 500 + "\n.", ""])
def test_lines_of_dots_arrive_as_they_were_written(body, settings):
    with SmtpServer() as server:
        connection = backend(server.port, settings)
        assert post(connection, message(body)).verdict is Verdict.ACCEPTED
        connection.close()
        arrived = server.taken[0][1].split(b"\r\n\r\n", 1)[1]
    assert arrived.rstrip(b"\r\n") == body.replace("\r\n", "\n").replace("\n", "\r\n").encode()


def test_the_phase_starts_anew_with_every_message(settings):
    with SmtpServer() as server:
        connection = backend(server.port, settings)
        post(connection, message())
        assert connection.phase is Phase.DONE
        server.script.answers["rcpt"] = ["450 later"]
        assert post(connection, message()).verdict is Verdict.LATER
        connection.close()


def test_wrong_credentials_halt_and_temporary_ones_wait(settings):
    for answer, verdict in [
        ("535 5.7.8 wrong", Verdict.HALTED),
        ("454 4.7.0 later", Verdict.LATER),
    ]:
        script = {"helo": ["250-mail.example\r\n250 AUTH PLAIN"], "auth": [answer]}
        with SmtpServer(Script(script)) as server:
            connection = backend(server.port, settings)
            connection.username, connection.password = "us", "made up"
            outcome = post(connection, message())
            disconnect(connection)
        assert outcome.verdict is verdict


def test_a_server_without_starttls_halts_where_tls_is_asked_for(settings):
    with SmtpServer() as server:
        connection = backend(server.port, settings)
        connection.use_tls = True
        outcome = post(connection, message())
        disconnect(connection)
    assert outcome.verdict is Verdict.HALTED
    assert "STARTTLS" in outcome.reply


def test_an_answer_to_quit_that_is_too_long_changes_nothing(settings):
    with SmtpServer(Script({"quit": ["221 " + "x" * 10_000]})) as server:
        connection = backend(server.port, settings)
        assert post(connection, message()).verdict is Verdict.ACCEPTED
        disconnect(connection)


class Odd(BaseEmailBackend):
    def send_messages(self, email_messages):
        raise ZeroDivisionError("a fault in the backend")


def test_whatever_a_backend_raises_is_an_outcome():
    outcome = post(Odd(), message())
    assert (outcome.verdict, outcome.needs_operator) == (Verdict.DOUBTFUL, True)


class Saying(BaseEmailBackend):
    """A backend that fails with a server's words, or takes everything and says so."""

    def __init__(self, error=None, last_reply=""):
        super().__init__()
        self.error, self.last_reply = error, last_reply

    def send_messages(self, email_messages):
        if self.error is not None:
            raise self.error
        return len(email_messages)


# What PostgreSQL takes for no text stands among all other characters.
text = st.text(st.sampled_from("\0\ud800\x85 .@") | st.characters(), max_size=900)
octets = st.binary(max_size=900)


@given(text, octets, st.sampled_from([250, 450, 550]))
def test_whatever_a_server_says_the_ledger_can_keep_it(text, octets, code):
    outcomes = [
        Outcome(Verdict.LATER, text),
        post(Saying(last_reply=text), message()),
        post(Saying(OSError(text)), message()),
        post(Saying(smtplib.SMTPDataError(code, octets)), message()),
        post(Saying(smtplib.SMTPRecipientsRefused({"a@b": (code, octets)})), message()),
    ]
    for outcome in outcomes:
        assert (
            outcome.reply.encode()
            .decode()
            .translate(dict.fromkeys(map(ord, JOINERS)))
            .isprintable()
        )
        assert len(outcome.reply) <= 300


def test_what_fails_before_it_began_is_not_doubted_because_the_last_message_was_done(settings):
    with SmtpServer() as server:
        connection = backend(server.port, settings)
        assert post(connection, message()).verdict is Verdict.ACCEPTED
        nobody = message()
        nobody.from_email = "News <>"
        outcome = post(connection, nobody)
        disconnect(connection)
    assert outcome.verdict is Verdict.HALTED
    assert len(server.taken) == 1
