"""Readers in the admin: looked up, never edited by hand."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse
from lxml import html

from subscribers.models import AddressChange, ConsentEvent, Mute, Subscriber
from tests.factories import make_reader, make_source
from tests.newsletter.admin_pages import make_staff, text_of

pytestmark = pytest.mark.django_db
LIST = "admin:subscribers_subscriber_changelist"


def reader_page(reader):
    return reverse("admin:subscribers_subscriber_change", args=[reader.pk])


def test_a_reader_is_found_by_the_beginning_of_the_address(admin_client):
    make_reader("ada@example.com")
    make_reader("bob@example.com")
    page = text_of(admin_client.get(reverse(LIST), {"q": "ADA"}))
    assert "ada@example.com" in page
    assert "bob@example.com" not in page


def test_the_page_shows_choices_and_what_the_reader_agreed_to(admin_client):
    reader = make_reader(sources=[make_source("Example Blog")], time_zone="Europe/Zurich")
    ConsentEvent.objects.create(
        subscriber=reader, kind="confirmed", origin="link", at=reader.confirmed_at
    )
    page = text_of(admin_client.get(reader_page(reader)))
    assert "Example Blog" in page
    assert "07:00 Europe/Zurich" in page
    assert "confirmed the address" in page


def test_the_page_speaks_plainly(admin_client, settings):
    settings.TIME_ZONE = "Europe/Zurich"
    reader = make_reader("ada+news@example.com", paused_until=date(2026, 12, 1))
    at = datetime(2026, 11, 20, 4, 51, tzinfo=UTC)
    ConsentEvent.objects.create(subscriber=reader, kind="subscribed", origin="form", at=at)
    response = admin_client.get(reader_page(reader))
    page = text_of(response)
    assert "State active" in page
    assert "20 November 2026, 05:51 CET asked to subscribe subscribe form" in page
    assert "1 December 2026" in page
    for raw in ("('", "subscribed 2026", "A-labels", "0 to 23"):
        assert raw not in page
    assert "q=ada%2Bnews%40example.com" in response.content.decode()


def test_the_page_shows_what_the_reader_mutes_now_and_reads_in(admin_client):
    reader = make_reader(language="de", time_zone="UTC")
    muted = {"Ferry": date(2999, 1, 31), "Harbour": None, "Over": date(2020, 1, 1)}
    for name, until in muted.items():
        Mute.objects.create(subscriber=reader, source=make_source(name), until=until)
    page = text_of(admin_client.get(reader_page(reader)))
    assert "Ferry until 31 January 2999, Harbour for good" in page
    assert "Over" not in page
    assert "Deutsch" in page


def test_the_page_shows_why_a_reader_left_and_where_they_wanted_to_move(admin_client):
    reader = make_reader("ada@example.com")
    at = datetime(2026, 11, 20, 4, 51, tzinfo=UTC)
    ConsentEvent.objects.create(
        subscriber=reader, kind="unsubscribed", origin="page", at=at, detail="Too <much>"
    )
    AddressChange.objects.create(subscriber=reader, email="new@example.com", asked_at=at)
    page = text_of(admin_client.get(reader_page(reader)))
    assert "Too <much>" in page
    assert "20 November 2026, 04:51 UTC new@example.com –" in page


def test_the_path_leaves_the_address_as_it_is_written(admin_client):
    page = admin_client.get(reader_page(make_reader("ada@example.com"))).content.decode()
    heading = "".join(html.fromstring(page).xpath("//h1")[0].text_content().split())
    assert heading == "Readerschevron_rightada@example.com"


def test_a_suppressed_reader_is_shown_with_the_reason(admin_client):
    reader = make_reader(state="suppressed", suppression="bounced")
    page = text_of(admin_client.get(reader_page(reader)))
    assert "suppressed: the address does not exist" in page


def test_nobody_edits_adds_or_deletes_a_reader(admin_client):
    reader = make_reader()
    assert admin_client.post(reader_page(reader), {"state": "active"}).status_code == 403
    assert admin_client.get(reverse("admin:subscribers_subscriber_add")).status_code == 403
    delete = reverse("admin:subscribers_subscriber_delete", args=[reader.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403
    assert Subscriber.objects.count() == 1


def unsubscribing(client, *readers):
    data = {"action": "unsubscribe", "_selected_action": [reader.pk for reader in readers]}
    return client.post(reverse(LIST), data, follow=True)


def test_a_reader_who_asked_is_unsubscribed_and_it_is_recorded_who_did(admin_client):
    reader, other = make_reader(), make_reader()
    assert "1 reader unsubscribed." in text_of(unsubscribing(admin_client, reader))
    reader.refresh_from_db()
    other.refresh_from_db()
    assert (reader.state, other.state) == ("unsubscribed", "active")
    assert reader.consent_events.get().origin == ConsentEvent.Origin.ADMIN


def test_who_may_only_look_unsubscribes_nobody(client):
    client.force_login(make_staff("subscribers.view_subscriber"))
    reader = make_reader()
    unsubscribing(client, reader)
    reader.refresh_from_db()
    assert reader.state == "active"


def test_the_list_costs_the_same_for_many_readers(admin_client, django_assert_max_num_queries):
    source = make_source()
    for _ in range(20):
        make_reader(sources=[source])
    with django_assert_max_num_queries(12):
        admin_client.get(reverse(LIST))


def test_a_suppression_can_be_lifted_and_leaves_its_trace(admin_client):
    reader = make_reader(state="suppressed", suppression="bounced")
    whole = make_reader()
    answer = admin_client.post(
        reverse("admin:subscribers_subscriber_changelist"),
        {"action": "lift", "_selected_action": [reader.pk, whole.pk]},
        follow=True,
    )
    assert "1 suppression lifted." in answer.content.decode()
    reader.refresh_from_db()
    assert (reader.state, reader.suppression) == ("active", "")
    assert reader.consent_events.get().kind == "unsuppressed"
