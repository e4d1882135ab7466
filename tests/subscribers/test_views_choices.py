"""The choices page."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from subscribers.choices import choices_of
from subscribers.links import choices_url
from subscribers.models import Subscriber
from tests.factories import make_reader, make_source

pytestmark = pytest.mark.django_db

State = Subscriber.State


def page_of(reader):
    return choices_url(reader).removeprefix(django_settings.BASE_URL)


def act(reader, action="save", **fields):
    """Press a button of the page, without cookies, and return the page after it."""
    browser = Client(enforce_csrf_checks=True)
    response = browser.post(page_of(reader), {"action": action, **fields}, follow=True)
    reader.refresh_from_db()
    return response


def test_choices_are_saved_recorded_and_said_to_be(client):
    make_source(slug="ferry")
    reader = make_reader()
    response = act(
        reader,
        wants_weekly="on",
        which="some",
        sources="ferry",
        hour="22",
        weekday="0",
        time_zone="Asia/Tokyo",
    )
    assert "Saved." in response.content.decode()
    assert response.redirect_chain == [(page_of(reader) + "?done=saved", 302)]
    found = choices_of(reader)
    assert (found.wants_daily, found.wants_weekly, found.source_slugs) == (False, True, ("ferry",))
    assert (found.hour, found.weekday, found.time_zone) == (22, 0, "Asia/Tokyo")
    event = reader.consent_events.get()
    assert (event.kind, event.choices) == ("changed", found.to_json())


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"wants_daily": "on", "which": "some"},
        {"wants_daily": "on", "weekday": "7"},
        {"wants_daily": "on", "hour": "24"},
        {"wants_daily": "on", "time_zone": "Atlantis"},
        {"wants_daily": "on", "sources": "unknown"},
    ],
)
@pytest.mark.parametrize("action", ["save", "back", "", "drop table"])
def test_bad_choices_are_refused_with_the_page_and_change_nothing(fields, action):
    reader = make_reader(hour=9)
    before = choices_of(reader)
    response = act(reader, action, **fields)
    assert response.status_code == 422
    assert "nothing was saved" in response.content.decode()
    assert choices_of(reader) == before
    assert not reader.consent_events.exists()


def test_a_reader_who_leaves_can_come_back_by_the_same_page():
    reader = make_reader()
    page = act(reader, "leave").content.decode()
    assert reader.state == State.UNSUBSCRIBED
    assert "You are unsubscribed" in page
    assert "Subscribe again" in page
    page = act(reader, "back", wants_daily="on", hour="5").content.decode()
    assert "Welcome back" in page
    assert (reader.state, reader.hour, reader.wants_weekly) == (State.ACTIVE, 5, False)


CLAIMS = (
    "The next mail",
    "You get the next issue",
    "You are unsubscribed",
    "Nothing was different",
)


@pytest.mark.parametrize("state", [State.UNSUBSCRIBED, State.PENDING, State.SUPPRESSED])
@pytest.mark.parametrize("done", ["saved", "same", "resumed", "back"])
def test_nobody_who_gets_no_mail_is_told_of_the_next(client, state, done):
    reader = make_reader(state=state, suppression="bounced" if state == "suppressed" else "")
    page = client.get(page_of(reader), {"done": done}).content.decode()
    assert not any(claim in page for claim in CLAIMS)


def test_an_active_reader_is_not_told_to_have_left(client):
    page = client.get(page_of(make_reader()), {"done": "left"}).content.decode()
    assert not any(claim in page for claim in CLAIMS)
    assert "You have left" not in page


def test_a_reader_who_left_in_another_tab_is_told_so_on_saving():
    reader = make_reader()
    act(reader, "leave")
    page = act(reader, "save", wants_daily="on", hour="5").content.decode()
    assert "Your choices are kept, but you have left; press “Subscribe again”." in page
    assert "You have left, so you get no mail from us." in page
    assert (reader.state, reader.hour) == (State.UNSUBSCRIBED, 5)


def test_a_paused_reader_is_not_promised_the_next_issue(client):
    reader = make_reader(paused_until=timezone.now().date() + timedelta(days=9))
    for done in ("back", "resumed"):
        page = client.get(page_of(reader), {"done": done}).content.decode()
        assert "You get the next issue" not in page
        assert "You get no mail until" in page


def test_a_pause_is_set_by_its_own_form():
    reader = make_reader(hour=9)
    until = timezone.now().date() + timedelta(days=2)
    page = act(reader, "pause", paused_until=until.isoformat()).content.decode()
    assert "You get no mail until the end of" in page
    assert (reader.paused_until, reader.hour) == (until, 9)
    assert reader.consent_events.get().kind == "changed"


@pytest.mark.parametrize("day", ["", "soon", "2001-01-01", "2026-13-01", "9" * 10_000])
def test_a_day_that_no_pause_can_end_on_is_refused_beside_its_field(day):
    reader = make_reader()
    response = act(reader, "pause", paused_until=day)
    assert response.status_code == 422
    assert 'id="id_paused_until_error"' in response.content.decode()
    assert reader.paused_until is None


def test_a_pause_is_shown_and_can_be_ended(client):
    until = timezone.now().date() + timedelta(days=30)
    reader = make_reader(paused_until=until)
    assert "You get no mail until the end of" in client.get(page_of(reader)).content.decode()
    assert "The pause is over" in act(reader, "resume").content.decode()
    assert reader.paused_until is None


def test_today_is_the_readers_own_day(client, time_machine):
    time_machine.move_to("2026-11-20T23:30:00Z", tick=False)
    in_tokyo = make_reader(time_zone="Asia/Tokyo")
    assert 'min="2026-11-21"' in client.get(page_of(in_tokyo)).content.decode()
    lost = make_reader(time_zone="Atlantis/Port")
    assert 'min="2026-11-20"' in client.get(page_of(lost)).content.decode()


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State.UNSUBSCRIBED, "You have left"),
        (State.PENDING, "waits for its confirmation"),
        (State.SUPPRESSED, "We send nothing to this address"),
    ],
)
def test_the_page_says_why_no_mail_comes(client, state, said):
    reader = make_reader(state=state, suppression="bounced" if state == "suppressed" else "")
    assert said in client.get(page_of(reader)).content.decode()


def test_a_message_comes_only_from_our_list(client):
    reader = make_reader()
    page = client.get(page_of(reader), {"done": "<b>You won</b>"}).content.decode()
    assert "You won" not in page


def test_a_deleted_readers_page_is_calm(client):
    reader = make_reader()
    url = page_of(reader)
    reader.delete()
    for response in (client.get(url), client.post(url, {"action": "save"})):
        assert response.status_code == 200
        assert "not on our list" in response.content.decode()
