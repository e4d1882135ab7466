"""Undoing the migrations: what was approved, and what was consented to, stays readable."""

import json

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from newsletter.rendering import Slot
from subscribers.choices import Choices, Muted
from subscribers.models import ConsentEvent
from tests.factories import make_approved_issue, make_reader

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
