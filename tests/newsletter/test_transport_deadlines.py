"""A server cannot hold a worker: each message has one deadline before its final dot, one after."""

import smtplib
import socket
import time

import pytest
from django.core.mail import EmailMessage, get_connection

from newsletter.transport import Verdict, disconnect, patience, post
from newsletter.transport.patience import NONSENSE, Patience, Replies, reach
from newsletter.transport.smtp import PARTING_SECONDS
from tests.smtp import Dialogue, Script, SmtpServer

STEPS = {"connect": 220, "helo": 250, "mail": 250, "rcpt": 250, "data": 354}
# So long would it take until the server has answered by the rules, were it waited for.
PARTS, PAUSE = 100, 0.02


class Slow(Dialogue):
    """A dialogue that may answer a step drop by drop, or line by line: "drip 250", "go on 250"."""

    def write(self, answer: str) -> bool:
        way, _, code = answer.rpartition(" ")
        if way == "drip":
            return self.slowly([f"{code} ", *["x"] * PARTS, "\r\n"])
        if way == "go on":
            return self.slowly([*[f"{code}-and so on\r\n"] * PARTS, f"{code} ok\r\n"])
        if way == "one line":
            self.wfile.write(f"{code} {'x' * 400_000}\r\n".encode())
            return True
        return super().write(answer)

    def slowly(self, parts: list[str]) -> bool:
        for part in parts:
            self.wfile.write(part.encode())
            time.sleep(PAUSE)
        return True


@pytest.fixture
def outcome_of(settings):
    settings.SECONDS_BEFORE_THE_DOT = settings.EMAIL_FINAL_TIMEOUT = 0.3

    def send(script, **options):
        server = SmtpServer(Script(script))
        server.RequestHandlerClass = Slow
        with server:
            backend = "newsletter.transport.SmtpBackend"
            connection = get_connection(
                backend, host="127.0.0.1", port=server.port, timeout=2, **options
            )
            outcome = post(connection, message())
            disconnect(connection)
        return outcome

    return send


def message() -> EmailMessage:
    return EmailMessage("Subject", "A body.", "digest@news.example", ["ada@readers.example"])


@pytest.mark.parametrize("way", ["drip", "go on", "one line"])
@pytest.mark.parametrize("step", STEPS)
def test_a_server_that_dawdles_before_the_dot_took_nothing(step, way, outcome_of):
    outcome = outcome_of({step: [f"{way} {STEPS[step]}"]})
    assert outcome.verdict is Verdict.LATER
    assert outcome.unreachable is (step in ("connect", "helo"))
    assert ("has no end" in outcome.reply) is (way == "one line")


@pytest.mark.parametrize("way", ["drip", "go on", "one line"])
def test_a_server_that_dawdles_after_the_dot_leaves_us_in_doubt(way, outcome_of):
    assert outcome_of({"dot": [f"{way} 250"]}).verdict is Verdict.DOUBTFUL


def test_a_server_that_is_slow_in_every_step_took_nothing(outcome_of, settings, monkeypatch):
    monkeypatch.setattr(f"{__name__}.PARTS", 12)
    settings.SECONDS_BEFORE_THE_DOT = 1
    slow = {step: [f"drip {code}"] for step, code in STEPS.items()}
    assert outcome_of({"rcpt": slow["rcpt"]}).verdict is Verdict.ACCEPTED
    assert outcome_of(slow).verdict is Verdict.LATER


def test_a_server_that_does_not_shake_hands_is_not_waited_for(outcome_of):
    assert outcome_of({"connect": ["drip 220"]}, use_ssl=True).verdict is Verdict.LATER
    script = {"helo": ["250-mail.example\r\n250 STARTTLS"], "other": ["220 go on"]}
    outcome = outcome_of(script, use_tls=True)
    assert (outcome.verdict, outcome.unreachable) == (Verdict.LATER, True)


def test_the_time_before_the_dot_does_not_count_for_the_answer(outcome_of, settings, monkeypatch):
    monkeypatch.setattr(f"{__name__}.PARTS", 25)
    settings.EMAIL_FINAL_TIMEOUT = 30
    assert outcome_of({"dot": ["drip 250"]}).verdict is Verdict.ACCEPTED


def test_each_message_of_a_connection_has_its_own_time(settings, monkeypatch):
    clock = Clock(monkeypatch)
    settings.SECONDS_BEFORE_THE_DOT = 50
    with SmtpServer() as server:
        backend = "newsletter.transport.SmtpBackend"
        connection = get_connection(backend, host="127.0.0.1", port=server.port, timeout=2)
        server.on_taken = lambda recipient: clock.pass_by(40)
        for _ in range(3):
            assert post(connection, message()).verdict is Verdict.ACCEPTED
        # Nor does one that Django sends by itself have to be announced.
        clock.pass_by(4_000)
        assert connection.send_messages([message()]) == 1
        disconnect(connection)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr(patience, "monotonic", lambda: self.now)

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


class Tap:
    """A socket out of which something comes drop by drop, one a second.

    What has ``arrived`` already comes at once.
    """

    def __init__(self, clock: Clock, octets: bytes, arrived: bytes = b"") -> None:
        self.clock = clock
        self.octets = octets
        self.arrived = arrived
        self.waits: list[float] = []

    def settimeout(self, seconds: float) -> None:
        self.waits.append(seconds)

    def recv(self, most: int) -> bytes:
        if self.arrived:
            arrived, self.arrived = self.arrived, b""
            return arrived
        if not self.waits[-1]:
            raise BlockingIOError
        self.clock.pass_by(1)
        drop, self.octets = self.octets[:1], self.octets[1:]
        return drop


def test_all_waiting_together_has_an_end(monkeypatch):
    clock = Clock(monkeypatch)
    tap = Tap(clock, b"250 a long answer that takes its time\r\n")
    with pytest.raises(TimeoutError):
        Replies(tap).next(Patience(10, step=3))
    assert tap.waits == [3, 3, 3, 3, 3, 3, 3, 3, 2, 1, 0]


def test_an_answer_that_came_while_we_stood_still_is_an_answer(monkeypatch):
    clock = Clock(monkeypatch)
    patience = Patience(10)
    clock.pass_by(600)
    assert Replies(Tap(clock, b"", arrived=b"250 taken\r\n")).next(patience) == (250, b"taken")


def test_who_stood_still_does_not_wait_for_the_rest(monkeypatch):
    clock = Clock(monkeypatch)
    patience = Patience(10)
    clock.pass_by(600)
    with pytest.raises(TimeoutError):
        Replies(Tap(clock, b"ken\r\n", arrived=b"250 ta")).next(patience)


def test_a_slow_answer_in_time_is_an_answer(monkeypatch):
    tap = Tap(Clock(monkeypatch), b"250-so\r\n250 be it\r\n")
    assert Replies(tap).next(Patience(60)) == (250, b"so\nbe it")


@pytest.mark.parametrize(
    "said", [b"hello?", b"25", b"2500 ok", b"999 ok", b" 250 ok", b"250-so\r\n251 or so", b""]
)
def test_what_is_no_reply_has_no_code(said, monkeypatch):
    tap = Tap(Clock(monkeypatch), said + b"\r\n")
    assert Replies(tap).next(Patience(60))[0] == NONSENSE


def test_half_a_reply_is_none(monkeypatch):
    with pytest.raises(smtplib.SMTPServerDisconnected):
        Replies(Tap(Clock(monkeypatch), b"250 tak")).next(Patience(60))


def test_all_addresses_of_a_host_share_one_deadline(monkeypatch):
    clock = Clock(monkeypatch)
    waits = []

    class Nowhere(socket.socket):
        def settimeout(self, seconds):
            waits.append(seconds)

        def connect(self, address):
            clock.pass_by(waits[-1])
            raise TimeoutError("nobody answers")

    there = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("192.0.2.1", 25))
    monkeypatch.setattr(patience.socket, "getaddrinfo", lambda *args, **kwargs: [there] * 9)
    monkeypatch.setattr(patience.socket, "socket", Nowhere)
    with pytest.raises(TimeoutError):
        reach("mail.example", 25, Patience(50, step=30))
    assert waits == [30, 20]


def test_what_a_server_says_unasked_is_no_answer_to_what_comes_next(settings):
    settings.EMAIL_FINAL_TIMEOUT = 2
    early = {"data": ["354 go on\r\n250 2.0.0 taken"], "dot": ["554 5.7.1 spam"]}
    late = {"dot": ["250 2.0.0 taken\r\n421 4.4.2 good bye"]}
    with SmtpServer(Script(early)) as server:
        backend = "newsletter.transport.SmtpBackend"
        connection = get_connection(backend, host="127.0.0.1", port=server.port, timeout=2)
        outcome = post(connection, message())
        assert (outcome.verdict, server.taken) == (Verdict.LATER, [])
        assert "unasked, the server said 250 2.0.0 taken" in outcome.reply
        disconnect(connection)
        server.script = Script(late)
        assert post(connection, message()).verdict is Verdict.ACCEPTED
        outcome = post(connection, message())
        assert (outcome.verdict, len(server.taken)) == (Verdict.LATER, 1)
        assert "421 4.4.2" in outcome.reply
        disconnect(connection)


def test_an_error_at_the_farewell_hides_no_refusal(settings):
    settings.EMAIL_FINAL_TIMEOUT = 2
    script = {"dot": ["451 4.3.0 not now"], "other": ["250 " + "x" * 10_000]}
    with SmtpServer(Script(script)) as server:
        backend = "newsletter.transport.SmtpBackend"
        connection = get_connection(backend, host="127.0.0.1", port=server.port, timeout=2)
        outcome = post(connection, message())
        disconnect(connection)
    assert outcome.verdict is Verdict.LATER
    assert outcome.reply.startswith("451")


def test_a_living_worker_has_its_result_before_its_lease_ends(settings):
    parting = 2 * PARTING_SECONDS
    waiting = settings.SECONDS_BEFORE_THE_DOT + settings.EMAIL_FINAL_TIMEOUT + parting
    assert settings.SECONDS_TO_SPARE / 2 + waiting <= settings.INTENT_LEASE_SECONDS
