"""A reader's own feed: public issues through their choice as it is now."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from newsletter.feed_views import NEWEST
from newsletter.personal_views import LOOKED_AT
from subscribers.links import token_of
from subscribers.models import Mute, Subscriber
from subscribers.tokens import Purpose
from tests.factories import make_reader, make_source
from tests.newsletter.feed_documents import atom_of, json_feed_of
from tests.newsletter.personal_pages import feed_path, is_private
from tests.newsletter.public_issues import make_public

pytestmark = pytest.mark.django_db

READERS = {"atom": atom_of, "json": json_feed_of}
FRIDAY = date(2026, 11, 20)
DAY = timedelta(days=1)
State = Subscriber.State


@pytest.fixture(autouse=True)
def base_url(settings):
    settings.BASE_URL = "https://digest.example"


@pytest.mark.parametrize("form", READERS)
def test_the_own_feed_holds_the_choice_and_leaves_empty_dailies_out(client, form):
    ferry, tram = make_source(), make_source()
    make_public(ferry, tram, end=FRIDAY, headlines=["Quays", "Rails"], subject="Both")
    make_public(tram, end=FRIDAY - DAY, subject="Trams alone")
    make_public(tram, kind="weekly", end=FRIDAY - 2 * DAY, subject="The week")
    response = client.get(feed_path(make_reader(sources=[ferry]), form))
    found = READERS[form](response.content)
    assert is_private(response)
    assert "ETag" not in response
    assert [entry.title for entry in found.entries] == ["Both", "The week"]
    assert "Quays" in found.entries[0].html
    assert "Rails" not in found.entries[0].html
    assert found.entries[0].url == "https://digest.example/archive/daily-2026-11-20/"


def test_the_own_feed_follows_editions_and_mutes(client):
    ferry, tram = make_source(), make_source()
    make_public(ferry, tram, headlines=["Quays", "Rails"], subject="Day")
    make_public(ferry, kind="weekly", subject="Week")
    reader = make_reader(wants_weekly=False)
    Mute.objects.create(subscriber=reader, source=tram, until=timezone.now().date())
    [entry] = atom_of(client.get(feed_path(reader)).content).entries
    assert entry.title == "Day"
    assert "Rails" not in entry.html
    Mute.objects.update(until=timezone.now().date() - 2 * DAY)
    [entry] = atom_of(client.get(feed_path(reader)).content).entries
    assert "Rails" in entry.html


@pytest.mark.parametrize("form", READERS)
def test_nothing_but_its_own_link_is_personal_in_the_feed(client, form):
    make_public(make_source())
    reader = make_reader("anna@example.com")
    path = feed_path(reader, form)
    document = client.get(path).content.decode()
    assert READERS[form](document.encode()).self_url == f"https://digest.example{path}"
    assert document.count(token_of(Purpose.FEED, reader)) == 1
    assert "anna" not in document
    assert str(reader.uid) not in document


def test_own_entries_are_told_apart_from_public_ones(client):
    make_public(make_source())
    own = atom_of(client.get(feed_path(make_reader())).content)
    public = atom_of(client.get("/feeds/all.atom").content)
    assert own.entries[0].id != public.entries[0].id
    assert own.id.startswith("urn:uuid:")
    assert own.id == atom_of(client.get(feed_path(Subscriber.objects.get())).content).id


def test_a_paused_or_suppressed_reader_still_reads(client):
    make_public(make_source())
    paused = make_reader(paused_until=date(2090, 1, 1))
    bounced = make_reader(state=State.SUPPRESSED, suppression="bounced")
    for reader in (paused, bounced):
        assert len(atom_of(client.get(feed_path(reader)).content).entries) == 1


@pytest.mark.parametrize("form", READERS)
def test_who_left_or_never_confirmed_reads_nothing_and_is_told_why(client, form):
    make_public(make_source())
    left = make_reader(state=State.UNSUBSCRIBED, left_at=timezone.now())
    waiting = make_reader(state=State.PENDING, confirmed_at=None)
    for reader in (left, waiting):
        response = client.get(feed_path(reader, form))
        found = READERS[form](response.content)
        assert response.status_code == 200
        assert found.entries == []
        assert "nothing comes here" in found.title


def test_a_deleted_readers_feed_is_gone(client):
    reader = make_reader()
    path = feed_path(reader)
    reader.delete()
    response = client.get(path)
    assert response.status_code == 410
    assert is_private(response)


def test_the_own_feed_looks_back_only_so_far(client, django_assert_max_num_queries):
    ferry, tram = make_source(), make_source()
    for number in range(NEWEST + 3):
        make_public(tram, end=FRIDAY - number * DAY)
    make_public(ferry, end=FRIDAY - LOOKED_AT * DAY)
    assert len(atom_of(client.get(feed_path(make_reader(sources=[tram]))).content).entries) == 30
    path = feed_path(make_reader(sources=[ferry]))
    with django_assert_max_num_queries(7):
        assert len(atom_of(client.get(path).content).entries) == 1
