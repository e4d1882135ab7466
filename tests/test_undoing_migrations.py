"""Undoing the migrations: what was approved, and what was consented to, stays readable."""

import json

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from newsletter.models import DeliveryEvent, WebPassage
from newsletter.publishing import publish_all
from newsletter.rendering import Slot
from subscribers.choices import Choices, Muted
from subscribers.models import ConsentEvent
from tests.factories import make_approved_issue, make_issue, make_reader, make_story

pytestmark = pytest.mark.django_db(transaction=True)

# What the code before these migrations knows of.
FORMER_SLOTS = set(Slot) - {Slot.READ, Slot.MUTE}
FORMER_CHOICES = set(Choices().to_json()) - {"language", "muted"}


@pytest.fixture
def migrated():
    """Migrate to states of the apps and, in the end, to the newest; give the models there."""

    def migrate(*targets):
        executor = MigrationExecutor(connection)
        executor.migrate(list(targets))
        return MigrationExecutor(connection).loader.project_state(list(targets)).apps

    yield migrate
    migrate(*MigrationExecutor(connection).loader.graph.leaf_nodes())


def test_an_approved_issue_can_be_composed_by_the_former_code(migrated, settings):
    issue = make_approved_issue()
    whole = issue.revisions.get().rendered["en"]
    former = migrated(("newsletter", "0004_search"))
    rendered = former.get_model("newsletter", "Revision").objects.get().rendered
    assert "welcome" not in {block["kind"] for block in rendered["blocks"]}
    for block in rendered["blocks"]:
        for segments in (block["html"], block["text"]):
            assert len(segments) % 2 == 1
            assert set(segments[1::2]) <= FORMER_SLOTS
            assert block["kind"] != "story" or len(segments) == 1
    assert f"{settings.BASE_URL}/archive/{issue.slug}/" in json.dumps(rendered["blocks"][-1])
    texts = {block["key"]: "".join(block["html"][::2]) for block in whole["blocks"] if block["key"]}
    assert {b["key"]: b["html"][0] for b in rendered["blocks"] if b["key"]} == texts


# An event's kind, and its detail before what it says of the address had a column.
FORMER_EVENTS = [
    ("bounced", "gone: 550 5.1.1 no such user"),
    ("bounced", "soft: "),
    ("bounced", "policy: soft: we do not like you"),
    ("rejected", "gone: known as bad"),
    ("rejected", "soft: as the provider says"),
    ("deferred", "soft: come again"),
    ("bounced", "soft: " + 294 * "x"),
]


def test_what_bounces_say_of_an_address_moves_into_its_column_and_back(migrated):
    former = migrated(("newsletter", "0007_mailers_and_deadlines"))
    delivery = make_issue().deliveries.create(due_at=timezone.now())
    events = former.get_model("newsletter", "DeliveryEvent").objects
    for number, (kind, detail) in enumerate(FORMER_EVENTS):
        events.create(
            delivery_id=delivery.pk, key=str(number), kind=kind, detail=detail, at=timezone.now()
        )
    migrated(("newsletter", "0008_bounces_in_a_column"))
    assert list(DeliveryEvent.objects.order_by("pk").values_list("bounce", "detail")) == [
        ("gone", "550 5.1.1 no such user"),
        ("soft", ""),
        ("policy", "soft: we do not like you"),
        ("gone", "known as bad"),
        ("", "soft: as the provider says"),
        ("", "soft: come again"),
        ("soft", 294 * "x"),
    ]
    migrated(("newsletter", "0007_mailers_and_deadlines"))
    assert list(events.order_by("pk").values_list("kind", "detail")) == FORMER_EVENTS
    assert set(events.values_list("bounce", flat=True)) == {""}


def test_kept_consents_can_be_read_by_the_former_code(migrated):
    reader = make_reader("a@example.com")
    choices = Choices(language="de", muted=(Muted("acme"),), source_slugs=("acme",))
    for kept in (choices.to_json(), {}):
        ConsentEvent.objects.create(
            subscriber=reader, kind="confirmed", origin="link", at=timezone.now(), choices=kept
        )
    former = migrated(("subscribers", "0002_consent_event_answered"))
    events = former.get_model("subscribers", "ConsentEvent").objects.order_by("pk")
    kept, nothing = events.values_list("choices", flat=True)
    assert set(kept) == FORMER_CHOICES
    assert kept["source_slugs"] == ["acme"]
    assert nothing == {}


def test_the_index_of_the_search_is_spelled_anew_and_back(migrated):
    # Words as they are and signs, one at the beginning of a word of letters, one after a "z".
    issue = make_issue(state="sent", opening="", patterns="")
    make_story(issue, headline="Pizza 2z zebra Ørsted zørz ø7aø 東・京 zeez", body="A body.")
    publish_all(timezone.now())
    story = WebPassage.objects.get(part="story", headline__startswith="Pizza")
    former = migrated(("newsletter", "0009_claims_in_order"))
    undone = former.get_model("newsletter", "WebPassage").objects.get(pk=story.pk)
    assert undone.title_words.split()[:3] == ["pizza", "z32zz", "zebra"]
    migrated(("newsletter", "0010_letters_apart_from_signs"))
    again = WebPassage.objects.get(pk=story.pk)
    assert (again.title_words, again.words) == (story.title_words, story.words)
