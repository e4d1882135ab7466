"""“What you sent me”: everything that is kept about a reader, and about nobody else."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps
from django.db.models import Model
from django.utils import translation

from newsletter import disclosing
from newsletter.disclosing import BATCH, document
from newsletter.disclosing.told import (
    ADDED,
    HAPPENED,
    KEPT_BACK,
    SECTIONS,
    SKIPPED,
    TOLD,
)
from newsletter.models import Delivery, DeliveryEvent
from newsletter.states import DeliveryState, SkipReason
from subscribers.choices import Choices
from subscribers.models import (
    AddressChange,
    ConsentEvent,
    Mute,
    SignUp,
    Source,
    Subscriber,
)
from tests.factories import make_approved_issue, make_issue, make_reader, make_source
from tests.newsletter.received import make_delivery

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
DAY = timedelta(days=1)
OURS = ("newsletter", "subscribers")
# Tables that hold an address without pointing to its reader.
BY_ADDRESS = {SignUp}


def told_of(reader):
    return json.loads("".join(document(reader, now=NOW)))


def models_about(model: type[Model]) -> set[type[Model]]:
    """Return the models whose rows belong to a row of this one, and theirs, and so on."""
    found: set[type[Model]] = {model}
    waiting = [model]
    while waiting:
        current = waiting.pop()
        related = {field.related_model for field in current._meta.related_objects}
        related |= {getattr(current, field.name).through for field in current._meta.many_to_many}
        new = related - found
        found |= new
        waiting += new
    return found


def labelled(model, field):
    return f"{model._meta.label}.{field.name}"


def test_every_table_that_belongs_to_a_reader_is_in_the_document():
    assert models_about(Subscriber) | BY_ADDRESS == set(SECTIONS)


def test_tables_with_an_address_belong_to_a_reader_or_are_found_by_it():
    with_address = {
        model
        for app in OURS
        for model in apps.get_app_config(app).get_models()
        if any(field.name == "email" for field in model._meta.concrete_fields)
    }
    assert with_address <= set(SECTIONS)


def test_every_field_is_told_or_kept_back_for_a_reason():
    fields = {labelled(model, field) for model in SECTIONS for field in model._meta.concrete_fields}
    told = {f"{model._meta.label}.{name}" for model, names in TOLD.items() for name in names}
    assert told | set(KEPT_BACK) == fields
    assert not told & set(KEPT_BACK)
    assert all(len(reason) > 20 for reason in KEPT_BACK.values())


def test_every_outcome_has_words():
    assert set(HAPPENED) == set(DeliveryState) - {DeliveryState.SKIPPED}
    assert set(SKIPPED) == set(SkipReason)


@pytest.fixture
def anna():
    """Make a reader with a row in every table."""
    ferry, tram, rail = (make_source(name) for name in ("Ferry Weekly", "Tram Post", "Rail"))
    reader = make_reader("anna@example.com", sources=[ferry, tram], language="de", hour=21)
    Mute.objects.create(subscriber=reader, source=rail, until=date(2026, 12, 24))
    ConsentEvent.objects.create(
        subscriber=reader,
        kind="unsubscribed",
        origin="page",
        at=NOW - DAY,
        choices=Choices(hour=21).to_json(),
        detail="Too many mails",
    )
    AddressChange.objects.create(subscriber=reader, email="new@example.com", asked_at=NOW)
    SignUp.objects.create(
        email="anna@example.com", choices=Choices().to_json(), origin="form", asked_at=NOW
    )
    issue = make_approved_issue(ferry, rail, tram)
    delivery = make_delivery(issue, reader, shown="5", state="delivered", reply="250 queued")
    DeliveryEvent.objects.create(
        delivery=delivery, key="event-1", kind="delivered", at=NOW, detail="accepted"
    )
    return reader


@pytest.mark.django_db
def test_the_document_says_all_that_is_kept(anna):
    found = told_of(anna)
    assert found["reader"]["email"] == "anna@example.com"
    assert (found["reader"]["hour"], found["reader"]["language"]) == (21, "de")
    assert [source["name"] for source in found["sources"]] == ["Ferry Weekly", "Tram Post"]
    [mute] = found["mutes"]
    assert (mute["name"], mute["until"]) == ("Rail", "2026-12-24")
    [event] = found["consent"]
    assert (event["kind"], event["origin"], event["detail"]) == (
        "unsubscribed",
        "page",
        "Too many mails",
    )
    assert event["at"] == "2026-11-19T18:00:00Z"
    assert event["choices"]["hour"] == 21
    assert [change["email"] for change in found["address_changes"]] == ["new@example.com"]
    assert [request["origin"] for request in found["waiting_requests"]] == ["form"]


@pytest.mark.django_db
def test_a_delivery_is_told_with_the_headlines_that_stood_in_it(anna):
    [told] = told_of(anna)["deliveries"]
    delivery = anna.deliveries.get()
    every = [story.headline for story in delivery.issue.stories.all()]
    assert told["issue"] == "daily-2026-11-20"
    assert told["title"] == delivery.issue.title
    assert told["headlines"] == [every[0], every[2]]
    assert told["stories"] == 2
    assert told["revision"] == 1
    assert told["reply"] == "250 queued"
    assert told["state"] == "delivered"
    assert told["what_happened"] == "The provider reported that it arrived."
    assert told["as_you_received_it"].startswith("http://localhost:8000/read/r")
    [event] = told["events"]
    assert (event["kind"], event["key"], event["detail"]) == ("delivered", "event-1", "accepted")


@pytest.mark.django_db
def test_who_of_the_staff_settled_a_message_is_not_told_to_its_reader(anna):
    anna.deliveries.get().events.update(kind="settled", detail="grace.hopper: it arrived")
    assert "grace" not in str(told_of(anna))
    [event] = told_of(anna)["deliveries"][0]["events"]
    assert (event["kind"], event["detail"]) == ("settled", "")


@pytest.mark.django_db
def test_what_was_not_sent_is_told_with_its_reason():
    reader = make_reader()
    issue = make_issue()
    issue.deliveries.create(subscriber=reader, state="skipped", reason="filter_empty", due_at=NOW)
    [told] = told_of(reader)["deliveries"]
    assert told["what_happened"].startswith("Nothing was sent: no story")
    assert told["headlines"] == []
    assert told["as_you_received_it"] is None
    assert told["revision"] is None


@pytest.mark.django_db
def test_every_field_told_of_every_table_is_in_the_document(anna):
    found = told_of(anna)
    rows = {
        Subscriber: found["reader"],
        Source: found["sources"][0],
        Mute: found["mutes"][0],
        ConsentEvent: found["consent"][0],
        AddressChange: found["address_changes"][0],
        SignUp: found["waiting_requests"][0],
        Delivery: found["deliveries"][0],
        DeliveryEvent: found["deliveries"][0]["events"][0],
    }
    for model, row in rows.items():
        expected = set(TOLD.get(model, ())) | set(ADDED.get(model, ()))
        assert expected <= set(row), model
    assert set(SECTIONS.values()) <= set(found)


@pytest.mark.django_db
def test_every_key_is_explained_in_the_readers_language(anna):
    found = told_of(anna)
    for model in set(TOLD) | set(ADDED):
        keys = set(TOLD.get(model, ())) | set(ADDED.get(model, ()))
        assert set(found["explained"][model._meta.model_name]) == keys
    with translation.override("de"):
        assert told_of(anna)["explained"].keys() == found["explained"].keys()


@pytest.mark.django_db
def test_nothing_of_anybody_else_is_in_it(anna):
    other = make_reader("berta@example.com")
    issue = anna.deliveries.get().issue
    make_delivery(issue, other, shown="7", reply="of Berta")
    ConsentEvent.objects.create(
        subscriber=other, kind="confirmed", origin="link", at=NOW, detail="of Berta"
    )
    SignUp.objects.create(email="carla@example.com", choices={}, origin="form", asked_at=NOW)
    text = json.dumps(told_of(anna))
    for foreign in ("berta", "of Berta", "carla"):
        assert foreign not in text
    assert len(told_of(other)["deliveries"]) == 1


@pytest.mark.django_db
def test_a_new_reader_has_an_empty_but_valid_document():
    found = told_of(make_reader())
    assert found["deliveries"] == found["consent"] == found["mutes"] == []


@pytest.mark.django_db
def test_deliveries_are_streamed_a_batch_at_a_time(monkeypatch, django_assert_max_num_queries):
    assert BATCH <= 500
    monkeypatch.setattr(disclosing, "BATCH", 3)
    reader = make_reader()
    for number in range(7):
        issue = make_issue(end=date(2026, 11, 1) + number * DAY)
        issue.deliveries.create(subscriber=reader, state="skipped", reason="paused", due_at=NOW)
    # Seven rows are three batches, each with its events, and a look whether there are more.
    with django_assert_max_num_queries(5 + 3 * 2 + 1):
        found = told_of(reader)
    slugs = [told["issue"] for told in found["deliveries"]]
    assert slugs == [f"daily-2026-11-0{number}" for number in range(1, 8)]


@pytest.mark.django_db
def test_consents_are_streamed_a_batch_at_a_time(monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(disclosing, "BATCH", 3)
    reader = make_reader()
    for number in range(7):
        reader.consent_events.create(
            kind="changed", origin="page", at=NOW + number * DAY, choices={"hour": number}
        )
    with django_assert_max_num_queries(5 + 3 + 1):
        pieces = list(document(reader, now=NOW))
    found = json.loads("".join(pieces))
    assert [told["choices"]["hour"] for told in found["consent"]] == list(range(7))
    assert max(piece.count('"changed"') for piece in pieces) == 1, "a row at a time"


@pytest.mark.django_db
def test_more_deliveries_than_a_batch_are_one_valid_document():
    reader = make_reader()
    issues = [make_issue(end=date(2026, 1, 1) + number * DAY) for number in range(BATCH + 1)]
    Delivery.objects.bulk_create(
        Delivery(issue=issue, subscriber=reader, due_at=NOW) for issue in issues
    )
    assert len(told_of(reader)["deliveries"]) == BATCH + 1
