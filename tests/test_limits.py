"""What is too large, without a length or cut off is refused with a page, and stored nowhere."""

import http.client
import io
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.test import RequestFactory

from config import limits
from config.limits import MOST_THROWN_AWAY, PUBLIC_LIMIT, BodyLimit
from subscribers.links import unsubscribe_url
from subscribers.models import SignUp, Subscriber
from tests.factories import make_reader

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1024 * 1024
TOO_MUCH = "That was too much"
BROKEN = "too long or broken"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
BOUNDARY = b"--x\r\nContent-Disposition: form-data; name=email\r\n\r\n"


def page(response):
    return " ".join(response.content.decode().split())


@pytest.fixture
def nothing_stored(db):
    yield
    assert not Subscriber.objects.exists()
    assert not SignUp.objects.exists()


# --- Django's client -----------------------------------------------------------------------


@pytest.mark.parametrize("content_type", [FORM, MULTIPART, "application/json", "text/plain"])
@pytest.mark.parametrize("path", ["/", "/archive/", "/no/such/page"])
def test_a_body_of_ten_megabytes_gets_a_clear_page(client, nothing_stored, path, content_type):
    body = b"email=" + b"x" * 10 * MEGABYTE
    response = client.post(path, body, content_type=content_type)
    assert response.status_code == 413
    assert TOO_MUCH in page(response)
    assert "To the front page" in page(response)
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


def test_a_program_gets_it_in_json(client, nothing_stored):
    body = json.dumps({"email": "x" * MEGABYTE})
    response = client.post("/subscribe.json", body, content_type="application/json")
    assert response.status_code == 413
    assert response.json() == {"message": "The request is too large."}


def test_the_page_is_in_the_language_of_who_asks(client, nothing_stored, monkeypatch):
    monkeypatch.setattr(limits, "PUBLIC_LIMIT", 1)
    response = client.post("/", {"a": "b"}, headers={"accept-language": "de"})
    assert response.status_code == 413
    assert '<html lang="de"' in page(response)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "more"),
    [
        (b"List-Unsubscribe=One-Click", {"content_type": f"{FORM}; charset=ISO-8859-1"}),
        (b"List-Unsubscribe=One-Click", {"content_type": f"{FORM}; charset=us-ascii"}),
        (b"List-Unsubscribe=One-Click", {"content_type": "text/plain"}),
        (b"--x\r\nhalf of a part", {"content_type": MULTIPART}),
        (b"x=" + b"y" * MEGABYTE, {"content_type": FORM}),
        (b"&".join(b"a=b" for _ in range(6_000)), {"content_type": FORM}),
        (b"", {"content_type": FORM, "HTTP_TRANSFER_ENCODING": "chunked"}),
        (b"", {"content_type": FORM}),
    ],
)
def test_who_unsubscribes_is_heard_whatever_comes_along(client, body, more):
    reader = make_reader()
    path = unsubscribe_url("daily", reader.pk).removeprefix(settings.BASE_URL)
    assert client.post(path, body, **more).status_code == 200
    reader.refresh_from_db()
    assert not reader.wants_daily


def test_errors_about_a_body_are_kept_nowhere(client, nothing_stored):
    response = client.post("/choices/pSomething", b"x" * MEGABYTE, content_type=FORM)
    assert response.status_code == 413
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex"


def test_what_is_just_not_too_large_is_read():
    heard = []
    gate = BodyLimit(lambda request: heard.append(request.body))
    body = b"x" * PUBLIC_LIMIT
    gate(RequestFactory().post("/", body, content_type=FORM))
    assert heard == [body]
    refused = gate(RequestFactory().post("/", body + b"x", content_type=FORM))
    assert refused.status_code == 413
    assert len(heard) == 1


def test_the_desk_takes_a_long_digest_and_no_more_than_its_limit(admin_client):
    path = "/admin/newsletter/issue/paste/"
    digest = {"text": "A long digest. " * 100_000}
    assert admin_client.post(path, digest).status_code != 413
    response = admin_client.post(path, {"text": "x" * 11 * MEGABYTE})
    assert response.status_code == 413
    assert TOO_MUCH in page(response)


def test_what_django_itself_finds_too_large_gets_the_same_page(admin_client, settings, monkeypatch):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    monkeypatch.setattr(limits, "limit_for", lambda request: MEGABYTE)
    response = admin_client.post("/admin/newsletter/issue/paste/", {"text": "x" * 1_000})
    assert response.status_code == 413
    assert TOO_MUCH in page(response)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"--y\r\nno part", "multipart/form-data; boundary=" + "x" * 300),
        (b"no boundary", "multipart/form-data"),
        (b"&".join(b"a%d" % n for n in range(9_000)), FORM),
    ],
    ids=["a boundary that is too long", "no boundary", "nine thousand fields"],
)
def test_a_broken_body_gets_a_page_that_says_so(client, nothing_stored, body, content_type):
    response = client.post("/", body, content_type=content_type)
    assert response.status_code == 400
    assert BROKEN in page(response)


def test_a_broken_body_is_told_to_programs_in_json(client, nothing_stored):
    fields = "&".join(f"a{n}" for n in range(9_000))
    response = client.post("/subscribe.json", fields, content_type=FORM)
    assert response.status_code == 400
    assert response.json() == {"message": "The request is broken or incomplete."}


@pytest.mark.parametrize("length", ["-1", "many", "1e3", "", "٣"])
def test_a_length_that_is_no_number_counts_as_none(length):
    request = RequestFactory().post("/", b"", content_type=FORM, CONTENT_LENGTH=length)
    assert limits.length_of(request) == 0


def test_a_body_that_ended_early_is_not_taken_for_whole():
    request = RequestFactory().post("/", b"email=a@example.co", content_type=FORM)
    request.META["CONTENT_LENGTH"] = "19"
    refused = BodyLimit(lambda request: pytest.fail("it was taken"))(request)
    assert refused.status_code == 400


class Endless(io.RawIOBase):
    given = 0

    def read(self, size=-1):
        self.given += size
        return b"x" * size


def test_no_more_than_so_much_is_thrown_away():
    body = Endless()
    limits.throw_away(body)
    assert body.given == MOST_THROWN_AWAY


# --- gunicorn --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gunicorn(tmp_path_factory):
    """The site as it is served, without a database: nothing here may come that far."""
    folder = tmp_path_factory.mktemp("served")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(folder),
        "ENV_FILE": os.devnull,
        "STATIC_MANIFEST": "off",
        "LOG_LEVEL": "ERROR",
    }
    command = ["-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
    served = subprocess.Popen(
        [sys.executable, *command, "--log-level", "error", "--no-control-socket"],
        cwd=ROOT,
        env=environment,
    )
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    yield port
    served.terminate()
    served.wait(timeout=30)


def sent(port, body, **headers):
    """Send a body to its end, as browsers do before they read, and return the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(
            "POST", "/", body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def spoken(port, *words):
    """Say words on a connection, end our side, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for word in words:
            connection.sendall(word)
        connection.shutdown(socket.SHUT_WR)
        heard = b""
        while chunk := connection.recv(65_536):
            heard += chunk
    return heard.decode()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"email=" + b"x" * 10 * MEGABYTE, FORM),
        (BOUNDARY + b"x" * 10 * MEGABYTE + b"\r\n--x--\r\n", MULTIPART),
    ],
    ids=["urlencoded", "multipart"],
)
def test_who_sends_ten_megabytes_to_gunicorn_sees_the_page(gunicorn, body, content_type):
    status, text = sent(gunicorn, body, Content_Type=content_type)
    assert status == 413
    assert TOO_MUCH in text


@pytest.mark.parametrize("size", [1_000, 10 * MEGABYTE], ids=["small", "large"])
def test_who_sends_chunks_to_gunicorn_is_asked_for_a_length(gunicorn, size):
    # Of an iterator nobody knows the length, so that it is sent in chunks.
    chunks = (b"x" * min(size, 65_536) for _ in range(max(size // 65_536, 1)))
    status, text = sent(gunicorn, chunks, Content_Type=FORM)
    assert status == 411
    assert BROKEN in text


def post_of(length, *headers):
    lines = ("POST / HTTP/1.1", "Host: localhost", f"Content-Type: {FORM}", *headers)
    return ("\r\n".join((*lines, f"Content-Length: {length}")) + "\r\n\r\n").encode()


def test_a_connection_on_which_much_was_refused_goes_on(gunicorn):
    body = b"x" * (PUBLIC_LIMIT + 1)
    again = post_of(0).replace(b"POST / ", b"GET /robots.none ")
    heard = spoken(gunicorn, post_of(len(body)), body, again)
    assert heard.count("HTTP/1.1 ") == 2
    assert "HTTP/1.1 404 " in heard


def test_who_stops_in_the_middle_gets_a_page_nevertheless(gunicorn):
    heard = spoken(gunicorn, post_of(19), b"email=a@example.co")
    assert heard.startswith("HTTP/1.1 400 ")
    assert BROKEN in heard


def test_who_announces_much_and_sends_little_is_refused_by_what_was_announced(gunicorn):
    heard = spoken(gunicorn, post_of(10 * MEGABYTE), b"email=a@example.com")
    assert heard.startswith("HTTP/1.1 413 ")
    assert TOO_MUCH in heard


def test_who_announces_no_end_is_answered_and_let_go(gunicorn):
    with socket.create_connection(("127.0.0.1", gunicorn), timeout=30) as connection:
        connection.sendall(post_of(10**12))
        connection.sendall(b"x" * MOST_THROWN_AWAY)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_two_lengths_are_no_length(gunicorn):
    heard = spoken(gunicorn, post_of(5, "Content-Length: 6"), b"email=")
    assert heard.startswith("HTTP/1.1 400 ")


def test_a_broken_chunk_costs_nothing_but_its_connection(gunicorn):
    head = post_of(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    assert spoken(gunicorn, head, b"zz\r\nxx").startswith("HTTP/1.1 4")


def test_bodies_that_never_come_hold_nobody_up_for_long(gunicorn):
    held = [socket.create_connection(("127.0.0.1", gunicorn), timeout=60) for _ in range(8)]
    for connection in held:
        connection.sendall(post_of(100) + b"em")
    answers = [connection.recv(65_536).decode() for connection in held]
    for connection in held:
        connection.close()
    assert [answer.split()[1] for answer in answers] == ["408"] * len(held)
    # Nothing in this house has a database, and this page needs none.
    assert "404" in spoken(gunicorn, post_of(0).replace(b"POST / ", b"GET /robots.none "))
