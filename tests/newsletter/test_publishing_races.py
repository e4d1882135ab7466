"""Publishing while somebody else renames, merges or corrects."""

from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.test import Client

from newsletter import page_cache
from newsletter.models import Issue, Story, WebPassage
from newsletter.publishing import publish
from newsletter.states import IssueState
from subscribers.merging import merge
from tests.factories import make_issue, make_source, make_story
from tests.newsletter.public_issues import make_public
from tests.subscribers.races import elsewhere, needs_rows_locked

pytestmark = [needs_rows_locked, pytest.mark.django_db(transaction=True)]

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PATIENCE_SECONDS = 10


def test_publishing_waits_for_nobody_who_merges_sources():
    old, new = make_source("Old"), make_source("New")
    issue = make_issue(state=IssueState.SENT.value)
    make_story(issue, old, new)
    publisher = elsewhere(lambda: publish(issue.pk, now=NOW))
    with transaction.atomic():
        merge(old, new)
        publisher.start()
        publisher.join(timeout=PATIENCE_SECONDS)
        assert not publisher.is_alive()
    assert WebPassage.objects.filter(sources=old).exists()


def test_a_correction_that_is_committed_after_a_later_change_is_seen():
    issue = make_public(make_source(), headlines=["Wrong headline"])
    other = make_public(make_source(), kind="weekly")
    path = f"/archive/{issue.slug}/"
    page_cache.editions.clear()
    assert "Wrong headline" in Client().get(path).content.decode()

    def meanwhile():
        Issue.objects.filter(pk=other.pk).update(correction_note="It was six.")
        publish(other.pk, now=NOW.replace(hour=13))
        Client().get(path)

    with transaction.atomic():
        Story.objects.filter(issue=issue).update(headline="Right headline")
        publish(issue.pk, now=NOW)
        thread = elsewhere(meanwhile)
        thread.start()
        thread.join(timeout=PATIENCE_SECONDS)
        assert not thread.is_alive()
    assert "Right headline" in Client().get(path).content.decode()
