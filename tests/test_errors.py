"""Pages and log lines for what went wrong."""

import io
import logging
import re

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.defaults import permission_denied, server_error

from config.head import without_bodies
from config.logs import ADDRESS, Discreet
from subscribers.links import choices_url, unsubscribe_url
from tests.factories import make_reader

TOO_LONG = {"email": "x" * 10_000_000}
ADMIN = "/admin/no/such/page/"


@pytest.fixture
def log():
    """What a handler with the filter writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(Discreet())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def page(response):
    return " ".join(response.content.decode().split())


# --- Pages ---------------------------------------------------------------------------------


def test_a_name_that_is_not_ours_is_said_to_be_with_the_setting_to_change(client, settings):
    settings.BASE_URL = "https://news.example.org"
    response = client.get("/", headers={"host": "other.example.org"})
    assert response.status_code == 400
    assert "does not answer under the name" in page(response)
    assert '<a href="https://news.example.org">' in page(response)
    assert "ALLOWED_HOSTS" in page(response)
    assert "too long or broken" not in page(response)


def test_a_form_that_is_too_long_is_not_blamed_on_the_name(client, db):
    response = client.post("/", TOO_LONG)
    assert response.status_code == 413
    assert "That was too much" in page(response)
    assert "ALLOWED_HOSTS" not in page(response)


def test_pages_of_errors_at_the_desk_lead_back_to_it(admin_client):
    shown = page(admin_client.get(ADMIN))
    assert "There is nothing here" in shown
    assert f'href="{reverse("admin:index")}">To the desk</a>' in shown
    assert "To the front page" not in shown


def test_pages_of_errors_for_readers_do_not_name_the_admin(client, db):
    for path in ("/nope", "/archive/admin/"):
        shown = page(client.get(path))
        assert "To the front page" in shown
        assert "/admin/" not in shown


def test_who_is_signed_in_is_not_told_to_sign_in_first(rf, django_user_model):
    request = rf.get(ADMIN)
    request.user = django_user_model(username="<nora>")
    shown = page(permission_denied(request, PermissionDenied()))
    assert "You are signed in as &lt;nora&gt;" in shown
    assert "sign in first" not in shown
    assert "sign in first" in page(permission_denied(rf.get("/"), PermissionDenied()))


def test_the_page_for_our_own_faults_needs_no_database_and_no_context(
    django_assert_num_queries, db
):
    with django_assert_num_queries(0):
        response = server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "our fault" in page(response)
    assert "Your choices are safe" in page(response)


# --- The log ---------------------------------------------------------------------------------


def test_a_refused_request_is_one_line_of_the_log(client, log, db):
    client.get("/", headers={"host": "other.example.org"})
    client.post("/", TOO_LONG)
    lines = log.getvalue().splitlines()
    assert len(lines) == 2
    assert "other.example.org" in lines[0]


def test_no_readers_token_stands_in_the_log(log, db, monkeypatch):
    reader = make_reader()
    choices, leaving = choices_url(reader), unsubscribe_url("daily", reader.pk)
    client = Client(raise_request_exception=False)
    client.post(choices, TOO_LONG)
    client.get(choices, headers={"host": "other.example.org"})
    client.post(leaving, b"--x", content_type="multipart/form-data; boundary=" + "x" * 99)

    def broken(*args):
        raise ValueError("broken")

    monkeypatch.setattr("subscribers.views.visiting.today_of", broken)
    client.get(choices)
    said = log.getvalue()
    assert "Internal Server Error: /choices/…" in said
    assert "ValueError: broken" in said, "what broke is told in full"
    for url in (choices, leaving):
        assert url.rpartition("/")[2] not in said


def test_no_readers_address_stands_in_an_error_that_is_logged(log):
    try:
        raise ValueError("<ada.lovelace@readers.example>: 'grace@readers.example' has no mailbox")
    except ValueError:
        logging.getLogger("newsletter.transport").exception("a backend failed")
    said = log.getvalue()
    assert "ValueError: <…>: '…' has no mailbox" in said
    assert "readers.example" not in said


@pytest.mark.parametrize(
    "address",
    [
        "o'brien@readers.example",
        '"ada lovelace"@readers.example',
        '\\"ada lovelace\\"@readers.example',
        "ada@[IPv6:2001:db8::readers.example]",
    ],
)
def test_an_address_is_left_out_whole(address):
    left = ADDRESS.sub("…", f"to {address} from us")
    assert not re.search("brien|ada|lovelace|readers", left)
    assert left.endswith("… from us")


@pytest.mark.parametrize("piece", ["x", '"', '\\"', "'", "a'", "a@", '"@'])
def test_a_long_error_is_searched_in_bounded_time(piece):
    """In square time each of these would take minutes."""
    ADDRESS.sub("…", piece * 100_000)


def test_an_error_that_was_told_already_is_no_exception(log):
    first = logging.StreamHandler(io.StringIO())
    logging.getLogger().handlers.insert(0, first)
    try:
        raise ValueError('"ada lovelace"@readers.example')
    except ValueError:
        logging.getLogger("newsletter.transport").exception("a backend failed")
    finally:
        logging.getLogger().removeHandler(first)
    assert "ValueError: …\n" in log.getvalue()


def test_a_worker_is_logged_by_its_name(log):
    logging.getLogger("newsletter").warning("%s has stopped", "celery@host-1")
    assert log.getvalue() == "celery@host-1 has stopped\n"


def test_other_lines_are_logged_as_they_are(log):
    logging.getLogger("newsletter.sending").warning("50%% of %s at /archive/u/", "daily")
    assert log.getvalue() == "50% of daily at /archive/u/\n"


# --- HEAD ------------------------------------------------------------------------------------


class Body(list[bytes]):
    closed = False

    def close(self):
        self.closed = True


@pytest.mark.parametrize(("method", "expected"), [("HEAD", []), ("GET", [b"page"])])
def test_an_answer_to_head_has_the_headers_of_get_and_no_body(method, expected):
    body = Body([b"page"])
    started = []

    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", "4")])
        return body

    answer = without_bodies(application)({"REQUEST_METHOD": method}, lambda *a: started.append(a))
    assert list(answer) == expected
    assert started == [("200 OK", [("Content-Length", "4")])]
    assert body.closed is (method == "HEAD")


def test_what_is_served_is_without_bodies_for_head(db):
    from config.wsgi import application

    environ = RequestFactory().head("/").environ
    assert list(application(environ, lambda *a: None)) == []
