"""The choices page's other parts, and what saving leaves alone."""

import html
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from subscribers.choices import choices_of
from subscribers.links import token_of
from subscribers.models import Mute, Subscriber
from subscribers.subscribing import UNDO_WITHIN
from subscribers.tokens import Purpose
from tests.factories import make_reader, make_source
from tests.subscribers.rooms import choices_path, press

pytestmark = pytest.mark.django_db

State = Subscriber.State
HEAR_AGAIN = re.compile(r"Hear it again<span[^>]*>: ([^<]+)</span>")


def act(reader, action, **fields):
    """Press a button, follow where it leads, and return the page."""
    response = press(choices_path(reader), action=action, **fields)
    if response.status_code == 302:
        response = Client().get(response["Location"])
    reader.refresh_from_db()
    return response.content.decode()


def tab(client, reader):
    """Open the page in a tab, and return the fields that its form would send."""
    page = client.get(choices_path(reader)).content.decode()
    shown = re.search(r'name="shown" value="([^"]*)"', page)
    kept = choices_of(reader)
    fields = {
        "shown": html.unescape(shown[1]),
        "which": "all" if kept.all_sources else "some",
        "sources": list(kept.source_slugs),
        "hour": str(kept.hour),
        "weekday": str(kept.weekday),
        "time_zone": kept.time_zone,
        "language": kept.language,
    }
    for name in ("wants_daily", "wants_weekly"):
        if getattr(kept, name):
            fields[name] = "on"
    return fields


def test_an_older_tab_undoes_nothing_that_a_newer_one_saved(client):
    make_source(slug="ferry")
    reader = make_reader(hour=5)
    older = tab(client, reader)
    newer = {**tab(client, reader), "hour": "22", "which": "some", "sources": ["ferry"]}
    act(reader, "save", **newer)
    act(reader, "save", **{**older, "weekday": "0"})
    assert (reader.hour, reader.all_sources, reader.weekday) == (22, False, 0)
    assert [source.slug for source in reader.sources.all()] == ["ferry"]


def test_saving_an_older_tab_as_it_was_changes_nothing(client):
    reader = make_reader(hour=5)
    older = tab(client, reader)
    act(reader, "save", **{**older, "hour": "22"})
    assert "Nothing was different" in act(reader, "save", **older)
    assert reader.hour == 22


@pytest.mark.parametrize("action", ["save", "back"])
def test_no_form_of_choices_touches_pauses_and_muted_sources(client, action):
    until = timezone.now().date() + timedelta(days=9)
    state = State.UNSUBSCRIBED if action == "back" else State.ACTIVE
    reader = make_reader(state=state, paused_until=until)
    Mute.objects.create(subscriber=reader, source=make_source())
    act(reader, action, **{**tab(client, reader), "hour": "3", "paused_until": ""})
    assert (reader.hour, reader.paused_until) == (3, until)
    assert reader.mutes.count() == 1


def test_the_page_shows_choices_before_they_are_saved():
    reader = make_reader(hour=5)
    response = press(choices_path(reader), action="preview", wants_daily="on", hour="22")
    assert response.status_code == 200
    assert '<option value="22" selected>' in response.content.decode()
    assert choices_of(reader).hour == 5


def test_a_source_that_is_not_on_offer_any_more_stays_chosen(client):
    make_source(slug="pier")
    reader = make_reader(sources=[make_source(slug="ferry", retired_at="2026-01-01T00:00Z")])
    act(reader, "save", **{**tab(client, reader), "which": "some", "sources": ["pier"]})
    assert choices_of(reader).source_slugs == ("ferry", "pier")


def test_muted_sources_are_listed_and_can_be_heard_again():
    reader, ferry = make_reader(), make_source("Ferry Weekly")
    Mute.objects.create(subscriber=reader, source=ferry)
    Mute.objects.create(subscriber=reader, source=make_source("Pier"))
    page = act(reader, "hear", source=ferry.pk)
    assert "The source is heard again" in page
    assert HEAR_AGAIN.findall(page) == ["Pier"]
    assert reader.consent_events.get().origin == "page"


def test_a_muted_source_is_said_to_be_where_sources_are_chosen(client):
    over, silent = make_source("Ferry", slug="ferry"), make_source("Pier", slug="pier")
    reader = make_reader()
    Mute.objects.create(subscriber=reader, source=silent)
    past = timezone.now().date() - timedelta(days=2)
    Mute.objects.create(subscriber=reader, source=over, until=past)
    page = client.get(choices_path(reader)).content.decode()
    boxes = re.findall(r'value="(ferry|pier)"[^>]*>(.*?)</label>', page, re.DOTALL)
    assert {slug: "muted</small>" in words for slug, words in boxes} == {
        "ferry": False,
        "pier": True,
    }


@pytest.mark.parametrize("source", ["", "x", "0", "9" * 30, "1-2-3"])
def test_hearing_what_was_never_muted_changes_nothing(source):
    reader = make_reader()
    assert "Nothing was different" in act(reader, "hear", source=source)
    assert not reader.consent_events.exists()


def test_a_mute_that_is_over_is_not_listed(client):
    reader = make_reader()
    yesterday = timezone.now().date() - timedelta(days=2)
    Mute.objects.create(subscriber=reader, source=make_source("Ferry"), until=yesterday)
    assert HEAR_AGAIN.findall(client.get(choices_path(reader)).content.decode()) == []


def test_leaving_offers_to_take_it_back_and_to_say_why():
    reader = make_reader(hour=5, wants_weekly=False)
    page = act(reader, "leave")
    assert "You need not say." in page
    page = act(reader, "reason", reason="other", words="Moving to the sea")
    assert "Thank you for telling us." in page
    assert "You need not say." not in page
    assert reader.consent_events.get().detail == "other: Moving to the sea"
    assert "Welcome back" in act(reader, "undo")
    assert (reader.state, reader.hour, reader.wants_weekly) == (State.ACTIVE, 5, False)


def test_saying_nothing_is_fine():
    reader = make_reader()
    act(reader, "leave")
    assert "You have left" in act(reader, "reason")
    assert reader.consent_events.get().detail == ""


def test_who_has_not_left_gives_no_reason_and_takes_nothing_back():
    reader = make_reader()
    act(reader, "reason", reason="too many mails")
    assert "Nothing was different" in act(reader, "undo")
    assert reader.state == State.ACTIVE
    assert not reader.consent_events.exists()


def test_whoever_left_both_editions_chooses_before_coming_back():
    reader = make_reader(state=State.UNSUBSCRIBED, wants_daily=False, wants_weekly=False)
    assert "You have left" in act(reader, "undo")
    assert reader.state == State.UNSUBSCRIBED


def test_long_after_leaving_nobody_is_asked_why(client, time_machine):
    reader = make_reader()
    act(reader, "leave")
    time_machine.move_to(timezone.now() + UNDO_WITHIN + timedelta(minutes=1))
    page = client.get(choices_path(reader)).content.decode()
    assert "You need not say." not in page
    assert "Subscribe again" in page


def test_the_page_is_in_the_readers_language_which_can_be_changed(client):
    reader = make_reader(language="de")
    response = client.get(choices_path(reader), headers={"accept-language": "en"})
    assert response["Content-Language"] == "de"
    assert '<html lang="de"' in response.content.decode()
    act(reader, "save", **{**tab(client, reader), "language": "en"})
    assert reader.language == "en"


def test_a_language_that_we_no_longer_write_leaves_the_browsers(client):
    reader = make_reader(language="tlh")
    response = client.get(choices_path(reader), headers={"accept-language": "de"})
    assert response["Content-Language"] == "de"


def test_the_next_page_is_not_in_the_readers_language(client):
    client.get(choices_path(make_reader(language="de")))
    assert client.get("/", headers={"accept-language": "en"})["Content-Language"] == "en"


def test_a_zone_that_vanished_is_named_and_saving_settles_it(client):
    reader = make_reader(time_zone="Atlantis/Port")
    page = client.get(choices_path(reader)).content.decode()
    assert "Atlantis/Port" in page
    act(reader, "save", **{**tab(client, reader), "time_zone": "UTC"})
    assert reader.time_zone == "UTC"


def test_the_page_leads_to_what_we_keep_and_to_the_readers_own_feed(client):
    reader = make_reader()
    page = client.get(choices_path(reader)).content.decode()
    assert reverse("newsletter:data", args=[token_of(Purpose.CHOICES, reader)]) in page
    feed = token_of(Purpose.FEED, reader)
    for ending in ("atom", "json"):
        assert reverse("newsletter:own_feed", args=[feed, ending]) in page


def test_links_are_signed_with_the_present_key(client, settings):
    reader = make_reader()
    old = choices_path(reader)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key than before"
    page = client.get(old).content.decode()
    assert reverse("newsletter:data", args=[token_of(Purpose.CHOICES, reader)]) in page
