"""What all personal pages have in common, whoever they are for."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from subscribers.models import AddressChange, ConsentEvent, Mute, Subscriber
from tests.factories import make_reader, make_source
from tests.subscribers.rooms import paths_of, rows

pytestmark = pytest.mark.django_db

State = Subscriber.State

READERS = {
    "pending": {"state": State.PENDING, "confirmed_at": None},
    "active": {},
    "paused": {"paused_until": timezone.now().date() + timedelta(days=9)},
    "without zone": {"time_zone": "Atlantis/Port"},
    "left": {"state": State.UNSUBSCRIBED},
    "bounced": {"state": State.SUPPRESSED, "suppression": "bounced"},
    "complained": {"state": State.SUPPRESSED, "suppression": "complained"},
}


@pytest.fixture
def source():
    return make_source()


@pytest.fixture(params=READERS)
def anybody(request, source):
    """Return a reader of every kind."""
    return with_everything(make_reader(**READERS[request.param]), source)


@pytest.fixture
def reader(source):
    return with_everything(make_reader(), source)


def with_everything(reader, source):
    """Give a reader a muted source, a request and a change of address."""
    now = timezone.now()
    Mute.objects.create(subscriber=reader, source=source)
    ConsentEvent.objects.create(subscriber=reader, kind="subscribed", origin="form", at=now)
    AddressChange.objects.create(subscriber=reader, email="new@example.org", asked_at=now)
    return reader


def test_looking_changes_nothing(client, anybody, source):
    before = rows()
    words = {"action": "leave", "again": "daily", "List-Unsubscribe": "One-Click", "done": "left"}
    for url in paths_of(anybody, source).values():
        for answer in (client.get, client.head):
            assert answer(url).status_code in (200, 409, 410)
            assert answer(url, words).status_code in (200, 409, 410)
        for answer in (client.options, client.put, client.patch, client.delete, client.trace):
            assert answer(url).status_code == 405
    assert rows() == before


def test_no_page_is_cached_indexed_or_told_to_others(client, reader, source):
    for url in paths_of(reader, source).values():
        for response in (client.get(url), client.head(url), client.put(url), client.get("/u/d")):
            assert response["Referrer-Policy"] == "no-referrer"
            assert response["Cache-Control"] == "no-store"
            assert response["X-Robots-Tag"] == "noindex"
            assert "unsafe-inline" not in response["Content-Security-Policy"]


def test_no_page_needs_or_sets_a_cookie(anybody, source):
    urls = list(paths_of(anybody, source).values())
    for url in (*urls, *reversed(urls)):
        browser = Client(enforce_csrf_checks=True)
        for response in (browser.get(url), browser.post(url)):
            assert response.status_code in (200, 404, 409, 410, 422)
            assert not response.cookies


def test_no_page_breaks_for_a_reader_who_was_deleted(client, anybody, source):
    urls = paths_of(anybody, source)
    anybody.delete()
    for name, url in urls.items():
        for answer in (client.get, client.post):
            assert answer(url).status_code == (410 if name in ("address", "confirm") else 200)


def test_pages_hold_no_inline_script_or_style_and_ask_nobody_else(client, reader, source):
    for url in paths_of(reader, source).values():
        page = client.get(url).content.decode()
        assert " style=" not in page
        assert "<style" not in page
        assert "<script>" not in page
        assert 'src="http' not in page
        assert 'name="language" value=' not in page.replace('<select name="language"', "")


def test_every_page_is_in_its_readers_language(client, reader, source):
    Subscriber.objects.update(language="de")
    for url in paths_of(reader, source).values():
        response = client.get(url, headers={"accept-language": "en"})
        assert response["Content-Language"] == "de"
        assert '<html lang="de"' in response.content.decode()


def test_a_link_that_does_not_work_speaks_the_browsers_language(client):
    response = client.get("/choices/broken", headers={"accept-language": "de"})
    assert response["Content-Language"] == "de"


def test_what_is_posted_is_shown_as_text(client, reader, source):
    bad = "<script>alert(1)</script>"
    for url in paths_of(reader, source).values():
        for action in ("save", "move", "pause", "hear", "reason"):
            sent = {"action": action, "email": bad, "paused_until": bad, "shown": bad}
            response = client.post(url, {**sent, "source": bad, "words": bad, "reason": bad})
            assert bad not in response.content.decode()
