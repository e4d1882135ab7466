"""Envelopes in one piece (RFC 2920): fewer waits, and no message that a server did not ask for."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest
from django.core.mail import EmailMessage, get_connection

from newsletter.transport import Verdict, disconnect, post
from tests.smtp import Script, SmtpServer

PATIENCE_SECONDS = 5


@pytest.fixture
def connection_to(settings):
    settings.EMAIL_FINAL_TIMEOUT = PATIENCE_SECONDS
    opened = []

    def connect(port):
        backend = "newsletter.transport.SmtpBackend"
        opened.append(get_connection(backend, host="127.0.0.1", port=port, timeout=1))
        return opened[-1]

    yield connect
    for connection in opened:
        disconnect(connection)


def message(body="A body.") -> EmailMessage:
    return EmailMessage("Subject", body, "digest@news.example", ["reader@example.com"])


class Ear:
    """A server for one client that answers by a plan, and keeps all that it heard.

    ``replies`` are to the envelope; after those it takes a message if one comes.
    """

    def __init__(self, features: str, *replies: str) -> None:
        self.features = features
        self.replies = list(replies)
        # Up to the first word of content, in the pieces in which they came; then the rest.
        self.pieces: list[bytes] = []
        self.rest = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.thread.join()
        self.listener.close()

    def serve(self) -> None:
        sock, _ = self.listener.accept()
        with sock, contextlib.suppress(OSError):
            sock.settimeout(PATIENCE_SECONDS)
            sock.sendall(b"220 mail.example ESMTP\r\n")
            self.pieces.append(sock.recv(65_536))
            sock.sendall(f"{self.features}\r\n".encode())
            while self.replies:
                self.pieces.append(sock.recv(65_536))
                for _ in range(self.pieces[-1].count(b"\r\n")):
                    sock.sendall(f"{self.replies.pop(0)}\r\n".encode())
            while octets := sock.recv(65_536):
                self.rest += octets
                if self.rest.endswith(b"\r\n.\r\n"):
                    sock.sendall(b"250 taken\r\n")


PIPELINING = "250-mail.example\r\n250-PIPELINING\r\n250 SIZE 100000"
LINE_BY_LINE = "250-mail.example\r\n250 8BITMIME"
YES = ("250 ok", "250 ok", "354 go on")


def test_an_envelope_goes_in_one_piece_where_the_server_bears_it(connection_to):
    with Ear(PIPELINING, *YES) as server:
        connection = connection_to(server.port)
        assert post(connection, message()).verdict is Verdict.ACCEPTED
        disconnect(connection)
    _ehlo, envelope = server.pieces
    content = server.rest.partition(b"\r\n.\r\n")[0] + b"\r\n"
    sender = b"mail FROM:<digest@news.example> size=%d" % len(content)
    assert envelope.split(b"\r\n") == [sender, b"rcpt TO:<reader@example.com>", b"data", b""]


def test_an_envelope_goes_line_by_line_where_the_server_says_nothing_of_it(connection_to):
    with Ear(LINE_BY_LINE, *YES) as server:
        connection = connection_to(server.port)
        assert post(connection, message()).verdict is Verdict.ACCEPTED
        disconnect(connection)
    assert [piece[:4] for piece in server.pieces[1:]] == [b"mail", b"rcpt", b"data"]


@pytest.mark.parametrize(
    "replies",
    [
        ("550 5.7.1 no", "503 no", "354 go on"),
        ("250 ok", "550 5.1.1 nobody here", "354 go on"),
        ("hello?", "250 ok", "250 ok"),
        ("250 ok", "250 ok", "421 4.3.2 closing"),
        ("421 4.3.2 closing", "421 4.3.2 closing", "421 4.3.2 closing"),
    ],
)
def test_who_may_take_a_farewell_for_content_hears_none(replies, connection_to):
    with Ear(PIPELINING, *replies) as server:
        connection = connection_to(server.port)
        assert post(connection, message()).verdict is not Verdict.ACCEPTED
        disconnect(connection)
    assert server.rest == b""


def test_who_refuses_by_the_rules_is_asked_to_forget_the_message(connection_to):
    with Ear(PIPELINING, "250 ok", "550 5.1.1 nobody here", "554 nobody") as server:
        connection = connection_to(server.port)
        assert post(connection, message()).no_such_address
        disconnect(connection)
    assert server.rest.startswith(b"rset\r\n")


def test_a_message_that_breaks_off_was_at_its_content(connection_to):
    with Ear(PIPELINING, *YES[:2], "354 go on\r\n250 unasked") as server:
        connection = connection_to(server.port)
        outcome = post(connection, message())
        disconnect(connection)
    assert outcome.verdict is Verdict.LATER
    assert outcome.reply.endswith("(while the content)")


@pytest.mark.parametrize("step", ["mail", "rcpt"])
def test_a_server_that_asks_for_content_it_may_not_have_gets_none(step, connection_to):
    """It refused the message, and answers DATA with 354: whatever we said would be content."""
    with SmtpServer(Script({step: ["550 5.1.1 nobody here"]}), pipelining=True) as server:
        connection = connection_to(server.port)
        outcome = post(connection, message())
        assert outcome.verdict in (Verdict.REFUSED, Verdict.HALTED)
        assert "5.1.1 nobody here" in outcome.reply
        disconnect(connection)
        assert post(connection, message("Another.")).verdict is Verdict.ACCEPTED
        disconnect(connection)
    [(_, taken)] = server.taken
    assert b"Another." in taken


def test_a_refused_recipient_does_not_end_the_conversation(connection_to):
    answers = {"rcpt": ["550 5.1.1 nobody here"], "data": ["554 5.5.1 no valid recipients"]}
    with SmtpServer(Script(answers), pipelining=True) as server:
        connection = connection_to(server.port)
        assert post(connection, message()).no_such_address
        assert post(connection, message("Another.")).verdict is Verdict.ACCEPTED
        disconnect(connection)
    assert len(server.taken) == 1


def test_an_answer_too_many_is_not_taken_for_the_one_to_the_dot(connection_to):
    script = Script({"rcpt": ["250 2.1.5 ok\r\n354 go on"]})
    with SmtpServer(script, pipelining=True) as server:
        connection = connection_to(server.port)
        outcome = post(connection, message())
        disconnect(connection)
    assert outcome.verdict in (Verdict.LATER, Verdict.DOUBTFUL)


def test_a_line_break_in_an_address_reaches_no_server(connection_to):
    with SmtpServer(pipelining=True) as server:
        connection = connection_to(server.port)
        connection.open()
        with pytest.raises(ValueError, match="line breaks"):
            connection.connection.sendmail("us@news.example", "\r\n", b"Hi\r\n")
        disconnect(connection)
    assert not server.taken
