"""Envelopes in one piece (RFC 2920): fewer waits, and no message that a server did not ask for."""

from __future__ import annotations

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


class Stubborn:
    """A server that answers only what came in as few pieces as it was told to expect."""

    def __init__(self, features: bytes) -> None:
        self.features = features
        self.pieces: list[bytes] = []
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
        with sock:
            sock.settimeout(PATIENCE_SECONDS)
            sock.sendall(b"220 mail.example ESMTP\r\n")
            while piece := sock.recv(65_536):
                self.pieces.append(piece)
                sock.sendall(self.answers_to(piece))

    def answers_to(self, piece: bytes) -> bytes:
        if piece.lower().startswith(b"ehlo"):
            return self.features
        if piece.endswith(b"data\r\n"):
            return b"250 ok\r\n" * (piece.count(b"\r\n") - 1) + b"354 go on\r\n"
        if piece == b"quit\r\n":
            return b"221 bye\r\n"
        return b"250 ok\r\n" if piece == b".\r\n" or piece[:4] in (b"mail", b"rcpt") else b""


def test_an_envelope_goes_in_one_piece_where_the_server_bears_it(connection_to):
    with Stubborn(b"250-mail.example\r\n250-PIPELINING\r\n250 SIZE 100000\r\n") as server:
        connection = connection_to(server.port)
        assert post(connection, message()).verdict is Verdict.ACCEPTED
        disconnect(connection)
    _ehlo, envelope, content, dot, _quit = server.pieces
    sender, recipient, data = envelope.split(b"\r\n")[:3]
    assert sender == b"mail FROM:<digest@news.example> size=%d" % len(content)
    assert (recipient, data, dot) == (b"rcpt TO:<reader@example.com>", b"data", b".\r\n")


def test_an_envelope_goes_line_by_line_where_the_server_says_nothing_of_it(connection_to):
    with Stubborn(b"250-mail.example\r\n250 8BITMIME\r\n") as server:
        connection = connection_to(server.port)
        assert post(connection, message()).verdict is Verdict.ACCEPTED
        disconnect(connection)
    assert [piece[:4] for piece in server.pieces[1:4]] == [b"mail", b"rcpt", b"data"]


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
