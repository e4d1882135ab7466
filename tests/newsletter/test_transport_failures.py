"""Calls to providers that brought no answer: what is certain all the same."""

import gc
import ssl
import warnings

import pytest
import requests
from anymail.exceptions import AnymailAPIError

from newsletter.transport import Verdict, read_anymail
from tests.providers import (
    READER,
    Endpoint,
    Plan,
    answered,
    response,
    success,
)
from tests.smtp import SmtpServer, closed_port


@pytest.fixture
def endpoint():
    with Endpoint() as server:
        yield server


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
    with warnings.catch_warnings():
        # Python leaves the socket of a handshake that was reset to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        outcome = read_anymail(caused_by(lambda: requests.post(url, b"x", timeout=0.5)))
        gc.collect()
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
        elsewhere.plan = Plan(success("sendgrid", READER), taken=True)
        where = f"Location: http://127.0.0.1:{elsewhere.port}/"
        plan = Plan(response(f"{code} Elsewhere", b"", where), taken=False)
        outcome = answered(endpoint, "sendgrid", plan)
        assert not elsewhere.calls
    assert outcome.needs_operator
    certain = code in (301, 307, 308)
    assert outcome.verdict is (Verdict.HALTED if certain else Verdict.DOUBTFUL)
