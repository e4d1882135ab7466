"""Titles say what happened: for who hears pages read, and for who looks for a tab."""

import pytest
from django.utils import timezone

from subscribers import moving
from subscribers.links import confirm_url, unsubscribe_url
from subscribers.models import ConsentEvent, Subscriber
from tests.factories import make_reader, make_source
from tests.subscribers.doors import GOOD
from tests.subscribers.pages import heading_of, title_of
from tests.subscribers.rooms import address_path, choices_path, mute_path, path, press

pytestmark = pytest.mark.django_db

State = Subscriber.State
NAME = "Engineering @ Scale"


@pytest.fixture(autouse=True)
def name(settings):
    settings.PUBLICATION_NAME = NAME


def states_of_pages(client):
    """Go through what the short pages can say."""
    waiting, reader = make_reader(state=State.PENDING), make_reader()
    ferry, pier = make_source("Ferry"), make_source("Pier")
    asked = {"kind": "subscribed", "origin": "form", "at": waiting.created_at}
    ConsentEvent.objects.create(subscriber=waiting, **asked)
    moving.ask(reader.pk, "new@example.org", now=timezone.now())
    change = address_path(reader.address_changes.get())
    confirm, daily = path(confirm_url(waiting)), path(unsubscribe_url("daily", reader.pk))
    one, two = mute_path(reader, ferry), mute_path(reader, ferry, pier)
    for url in (confirm, daily, one, two, change):
        yield client.get(url)
    yield client.get(mute_path(reader, make_source("Canal", retired_at=timezone.now())))
    for url, fields in (
        (confirm, {}),
        (one, {"action": "for_days"}),
        (one, {"action": "undo"}),
        (daily, {}),
        (daily, {"again": "daily"}),
        (change, {}),
    ):
        yield press(url, **fields)


def test_the_title_of_a_short_page_is_its_heading(client):
    pages = [response.content.decode() for response in states_of_pages(client)]
    said = [heading_of(page) for page in pages]
    assert [title_of(page) for page in pages] == [f"{heading} · {NAME}" for heading in said]
    assert len(set(said)) == len(said)


def test_a_link_that_is_over_says_so_in_the_title(client, time_machine):
    waiting = make_reader(state=State.PENDING)
    time_machine.move_to("2099-01-01")
    page = client.get(path(confirm_url(waiting))).content.decode()
    assert title_of(page) == f"This link has expired · {NAME}"


def test_the_title_of_a_form_to_mend_asks_to_check_it(client):
    reader = make_reader()
    sent = {
        "front page": ("/", {**GOOD, "email": "ada"}),
        "choices": (choices_path(reader), {"action": "pause", "paused_until": "soon"}),
        "mute": (mute_path(reader, make_source(), make_source()), {"action": "for_good"}),
    }
    for name, (url, bad) in sent.items():
        fresh, again = client.get(url), press(url, **bad)
        assert again.status_code == 422, name
        title = title_of(fresh.content.decode())
        assert title_of(again.content.decode()) == f"Please check: {title}"
