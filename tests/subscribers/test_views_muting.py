"""“Fewer like this”: the page behind the link beside a story."""

from datetime import date

import pytest

from subscribers.links import token_of
from subscribers.models import Subscriber
from subscribers.tokens import Purpose
from tests.factories import make_reader, make_source
from tests.subscribers.rooms import mute_path, press, rows

pytestmark = pytest.mark.django_db

State = Subscriber.State


@pytest.fixture(autouse=True)
def november(time_machine):
    time_machine.move_to("2026-11-20T23:30:00Z", tick=False)


def muted(reader):
    return dict(reader.mutes.values_list("source__slug", "until"))


def text(response):
    return " ".join(response.content.decode().split())


def test_one_source_is_asked_about_by_name(client):
    page = text(client.get(mute_path(make_reader(), make_source("Ferry Weekly"))))
    assert "Fewer from Ferry Weekly?" in page
    assert "Stories that other sources of yours carry too still come." in page
    assert 'type="checkbox"' not in page


def test_not_for_thirty_days_counts_the_readers_own_days():
    reader, source = make_reader(time_zone="Asia/Tokyo"), make_source(slug="ferry")
    page = text(press(mute_path(reader, source), action="for_days"))
    assert muted(reader) == {"ferry": date(2026, 12, 21)}
    assert "until the end of Monday, 21 December 2026" in page
    event = reader.consent_events.get()
    assert (event.kind, event.origin) == ("changed", "link")
    assert event.choices["muted"] == [{"source": "ferry", "until": "2026-12-21"}]


def test_a_reader_whose_zone_vanished_goes_by_utc():
    reader, source = make_reader(time_zone="Atlantis/Port"), make_source(slug="ferry")
    press(mute_path(reader, source), action="for_days")
    assert muted(reader) == {"ferry": date(2026, 12, 20)}


def test_not_at_all_has_no_end():
    reader, source = make_reader(), make_source(slug="ferry")
    assert "for good" in text(press(mute_path(reader, source), action="for_good"))
    assert muted(reader) == {"ferry": None}


def test_pressing_twice_changes_nothing_more():
    reader, source = make_reader(), make_source()
    first = press(mute_path(reader, source), action="for_days")
    after = rows()
    assert text(press(mute_path(reader, source), action="for_days")) == text(first)
    assert rows() == after


def test_it_can_be_taken_back():
    reader, source = make_reader(), make_source()
    press(mute_path(reader, source), action="for_good")
    page = text(press(mute_path(reader, source), action="undo", source=source.pk))
    assert "Taken back" in page
    assert "Muted now" not in page
    assert muted(reader) == {}
    again = press(mute_path(reader, source), action="undo", source=source.pk)
    assert again.status_code == 200


def test_of_several_sources_those_that_are_ticked_are_muted():
    reader = make_reader()
    sources = [make_source(slug=slug) for slug in ("ferry", "harbour", "pier")]
    url = mute_path(reader, *sources)
    press(url, action="for_good", source=[sources[0].pk, sources[2].pk])
    assert muted(reader) == {"ferry": None, "pier": None}


def test_several_sources_are_all_ticked_at_first(client):
    url = mute_path(make_reader(), make_source(), make_source())
    assert text(client.get(url)).count("checked") == 2


@pytest.mark.parametrize("source", [[], ["0"], ["99"], ["x"], [""]])
def test_without_a_tick_nothing_is_muted_and_that_is_said(source):
    reader = make_reader()
    response = press(
        mute_path(reader, make_source(), make_source()), action="for_good", source=source
    )
    assert response.status_code == 422
    assert "Please tick at least one source." in text(response)
    assert muted(reader) == {}


def test_only_sources_in_the_address_can_be_ticked():
    reader, other = make_reader(), make_source()
    url = mute_path(reader, make_source(), make_source())
    press(url, action="for_good", source=other.pk)
    assert muted(reader) == {}


def test_a_button_that_is_none_of_ours_does_nothing():
    reader, source = make_reader(), make_source()
    for action in ("", "save", "FOR_GOOD"):
        assert press(mute_path(reader, source), action=action).status_code == 200
    assert not reader.consent_events.exists()


def test_a_merged_source_is_shown_and_muted_under_its_present_name(client):
    present = make_source("Ferry Weekly", slug="ferry")
    former = make_source("Old Ferry", merged_into=present)
    reader = make_reader()
    url = mute_path(reader, former, present)
    page = text(client.get(url))
    assert "Fewer from Ferry Weekly?" in page
    assert "Old Ferry" not in page
    press(url, action="for_good")
    assert muted(reader) == {"ferry": None}


def test_a_retired_source_needs_no_muting(client):
    reader, retired = make_reader(), make_source("Ferry", retired_at="2026-01-01T00:00Z")
    url = mute_path(reader, retired)
    assert "We do not follow Ferry any more" in text(client.get(url))
    assert press(url, action="for_good").status_code == 200
    assert muted(reader) == {}


@pytest.mark.parametrize(
    "ids",
    [
        "0",
        "999999",
        "x",
        "-",
        "--",
        "1 2",
        "٣",
        "9" * 19,
        "9" * 10_000,
        "-".join("9" * 5000),
        "%00",
    ],
)
def test_ids_of_no_source_get_a_friendly_page(client, ids):
    url = f"/f/{token_of(Purpose.MUTE, make_reader())}/{ids}"
    for response in (client.get(url), press(url, action="for_good")):
        assert response.status_code == 404
        assert "We cannot tell which source you mean" in text(response)


def test_what_is_broken_in_an_address_does_not_hide_the_rest(client):
    reader, source = make_reader(), make_source("Ferry")
    url = f"/f/{token_of(Purpose.MUTE, reader)}/x-{source.pk}-{source.pk}-99999"
    assert "Fewer from Ferry?" in text(client.get(url))


def test_the_page_tells_a_stranger_nothing_and_leads_nowhere_personal(client):
    reader, source = make_reader("ada@example.com"), make_source()
    url = mute_path(reader, source)
    for response in (client.get(url), press(url, action="for_days")):
        page = text(response)
        assert "ada@" not in page
        for purpose in Purpose:
            assert token_of(purpose, reader)[:-4] not in page.replace(url, "")
        assert "The end of every mail links to it." in page


@pytest.mark.parametrize("state", [State.UNSUBSCRIBED, State.PENDING, State.SUPPRESSED])
def test_readers_without_mail_can_mute_and_are_told_how_things_stand(state):
    suppression = "bounced" if state == State.SUPPRESSED else ""
    reader = make_reader(state=state, suppression=suppression)
    page = text(press(mute_path(reader, make_source(slug="ferry")), action="for_good"))
    assert "At present you get no mail from us at all" in page
    assert muted(reader) == {"ferry": None}


def test_a_deleted_readers_link_is_calm(client):
    reader, source = make_reader(), make_source()
    url = mute_path(reader, source)
    reader.delete()
    for response in (client.get(url), press(url, action="for_good")):
        assert response.status_code == 200
        assert "You get no mail from us" in text(response)
