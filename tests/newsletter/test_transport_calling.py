"""A provider cannot hold a worker: each call has one deadline to be made, one to be answered."""

import socket
import threading
import time
from itertools import pairwise

import pytest
from django.core.mail import EmailMessage

from newsletter.transport import Verdict, disconnect, post
from tests.providers import PROVIDERS, Endpoint, Plan, connection_to, heard, success
from tests.smtp import closed_port

READER = "ada@readers.example"
# So long would it take until the answer is there, were it waited for; it comes piece by piece,
# each well within the time-out of a step. That is longer than our servers are silent, so what
# ends for want of time does so by the deadline.
PIECES, PAUSE = 100, 0.02
STEP = 30.0


def letter(body="A body."):
    return EmailMessage("Subject", body, "us@news.example", [READER])


def took_too_long(outcome):
    return "too long in all" in outcome.reply or "timed out" in outcome.reply.lower()


class Dripping(Endpoint):
    """An endpoint that answers piece by piece, after so many octets at once."""

    at_once = 0

    def answered(self, sock):
        if heard(sock) is None:
            return False
        sock.sendall(self.plan.answer[: self.at_once])
        later = self.plan.answer[self.at_once :]
        cuts = [round(place * len(later) / PIECES) for place in range(PIECES + 1)]
        for begin, end in pairwise(cuts):
            time.sleep(PAUSE)
            sock.sendall(later[begin:end])
        return True


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 100


@pytest.mark.parametrize(
    ("answer", "at_once"),
    [
        (success("postmark", READER), 0),
        (HEAD + b"Content-Length: 500\r\n\r\n" + b"x" * 500, 80),
        (HEAD + b"Connection: close\r\n\r\n" + b"x" * 500, 70),
        (CHUNKS, 90),
        (HEAD + b"X-Odd: x\r\n" * 90 + b"\r\n", 70),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0),
    ],
)
def test_a_provider_that_drips_its_answer_leaves_us_in_doubt(answer, at_once, settings):
    settings.EMAIL_FINAL_TIMEOUT = 0.2
    with Dripping() as server:
        server.plan, server.at_once = Plan(answer, taken=True), at_once
        connection = connection_to("postmark", server.port, STEP)
        outcome = post(connection, letter())
        disconnect(connection)
    assert (outcome.verdict, outcome.unreachable) == (Verdict.DOUBTFUL, True)
    assert took_too_long(outcome)


def test_each_call_of_a_session_has_its_own_time(settings, monkeypatch):
    monkeypatch.setattr(f"{__name__}.PIECES", 10)
    settings.SECONDS_BEFORE_THE_DOT = settings.EMAIL_FINAL_TIMEOUT = 0.9
    with Dripping() as server:
        server.plan = Plan(success("postmark", READER), taken=True)
        connection = connection_to("postmark", server.port, STEP)
        for _ in range(5):
            assert post(connection, letter()).verdict is Verdict.ACCEPTED
        disconnect(connection)


def test_a_provider_that_reads_drop_by_drop_leaves_us_in_doubt(settings):
    settings.SECONDS_BEFORE_THE_DOT = 0.2
    over = threading.Event()

    def reads_slowly():
        sock, _ = listener.accept()
        with sock:
            for _ in range(PIECES):
                if over.wait(PAUSE):
                    break
                sock.recv(10_000)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        thread = threading.Thread(target=reads_slowly)
        thread.start()
        connection = connection_to("postmark", listener.getsockname()[1], STEP)
        outcome = post(connection, letter("x" * 20_000_000))
        over.set()
        thread.join()
        disconnect(connection)
    assert outcome.verdict is Verdict.DOUBTFUL
    assert took_too_long(outcome)


def test_a_provider_that_is_not_there_or_does_not_shake_hands_heard_nothing(settings):
    settings.SECONDS_BEFORE_THE_DOT = 0.2
    with Endpoint() as server:
        server.plan = Plan(b"", taken=False, end="silence", hears=False)
        for scheme, port in (("http", closed_port()), ("https", server.port)):
            connection = connection_to("postmark", port, STEP)
            connection.api_url = f"{scheme}://127.0.0.1:{port}/"
            outcome = post(connection, letter())
            disconnect(connection)
            assert (outcome.verdict, outcome.never_began) == (Verdict.LATER, True)
            assert took_too_long(outcome) is (scheme == "https")


def test_every_provider_over_http_has_an_end():
    for provider in PROVIDERS:
        connection = connection_to(provider, closed_port())
        post(connection, letter())
        kinds = {type(adapter).__name__ for adapter in connection.session.adapters.values()}
        assert kinds == {"PatientAdapter"}
        disconnect(connection)
