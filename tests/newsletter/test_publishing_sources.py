"""The web copy follows the sources that it names: their names, and who they were merged into."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from newsletter import publishing, steering
from newsletter.models import WebPassage
from newsletter.publishing import publish, publish_all, publish_credited
from subscribers.merging import merge
from tests.factories import make_issue, make_reader, make_source, make_story, noon
from tests.newsletter.admin_pages import form_of
from tests.newsletter.archive_pages import NOW, sent
from tests.newsletter.public_issues import copy_of, passages

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


def test_a_renamed_source_changes_the_copies_that_name_it_and_no_others():
    ferry, harbour = make_source("Ferry"), make_source("Harbour")
    named, other = sent(), sent("weekly")
    make_story(named, ferry, company="Port")
    make_story(other, harbour, company="Port")
    publish_all(NOW)
    ferry.name = "Ferry Daily"
    ferry.save()
    assert publish_credited([ferry.pk], now=LATER) == 1
    assert passages(named)[1].via == "Ferry Daily"
    assert (copy_of(named).changed_at, copy_of(other).changed_at) == (LATER, NOW)


def test_a_merged_source_gives_its_stories_to_the_present_one_and_takes_them_back():
    old, new = make_source("Old"), make_source("New")
    issue = sent()
    make_story(issue, old, company="Port")
    publish_all(NOW)
    merge(old, new)
    assert publish_credited([old.pk], now=LATER) == 1
    assert list(passages(issue)[1].sources.all()) == [new]
    assert passages(issue)[1].via == "New"
    merge(old, None)
    publish_credited([old.pk], now=LATER)
    assert list(passages(issue)[1].sources.all()) == [old]


def test_sources_have_their_present_names_while_an_issue_is_sent_too():
    source = make_source("Old name", company="Blog")
    make_reader()
    issue = make_issue()
    make_story(issue, source, company="Port")
    steering.send_now(issue, now=noon(issue))
    source.name = "New name"
    source.save()
    publish_credited([source.pk], now=LATER)
    assert passages(issue)[1].via == "New name"


def test_only_what_differs_of_a_copy_is_written(monkeypatch):
    ferry, harbour = make_source("Ferry"), make_source("Harbour")
    issue = sent("weekly")
    for source in (ferry, harbour):
        make_story(issue, source, company="Port", body=f"Of the {source.name}.")
    publish(issue.pk, now=NOW)
    before = WebPassage.objects.in_bulk()
    monkeypatch.setattr(publishing, "text_of", None)
    ferry.name = "Boat"
    ferry.save()
    with CaptureQueriesContext(connection) as queries:
        assert publish_credited([ferry.pk], now=LATER) == 1
    written = [sql["sql"] for sql in queries if "newsletter_webpassage" in sql["sql"]]
    assert len([sql for sql in written if sql.startswith(("UPDATE", "INSERT", "DELETE"))]) == 1
    after = WebPassage.objects.in_bulk()
    changed = [pk for pk, row in after.items() if row.words != before[pk].words]
    assert [after[pk].words for pk in changed] == ["of the ferry port boat"]
    assert after.keys() == before.keys()


def test_a_source_is_renewed_in_the_archive_after_the_desk_committed(
    admin_client, django_capture_on_commit_callbacks
):
    source = make_source("Old")
    issue = sent()
    make_story(issue, source, company="Port")
    publish_all(NOW)
    page = reverse("admin:subscribers_source_change", args=[source.pk])
    values = form_of(admin_client.get(page), "source_form")
    with django_capture_on_commit_callbacks() as callbacks:
        admin_client.post(page, values | {"homepage_url": ["https://other.example/"]})
    assert callbacks == []
    with django_capture_on_commit_callbacks() as callbacks:
        admin_client.post(page, values | {"name": ["New"]})
    assert passages(issue)[1].via == "Old"
    for callback in callbacks:
        callback()
    assert passages(issue)[1].via == "New"


def test_the_admin_renames_and_merges_in_the_archive(
    admin_client, django_capture_on_commit_callbacks
):
    old, new = make_source("Old"), make_source("New")
    issue = sent()
    make_story(issue, old, company="Port")
    publish_all(NOW)
    for fields, via in (
        ({"name": "Older"}, "Older"),
        ({"merged_into": str(new.pk)}, "New"),
        ({"merged_into": ""}, "Older"),
    ):
        page = reverse("admin:subscribers_source_change", args=[old.pk])
        values = form_of(admin_client.get(page), "source_form")
        with django_capture_on_commit_callbacks(execute=True):
            admin_client.post(page, values | {name: [value] for name, value in fields.items()})
        assert passages(issue)[1].via == via
