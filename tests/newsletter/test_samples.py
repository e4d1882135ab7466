"""The samples: valid, dated today, credited to the catalogue, for readers of every kind."""

import re
from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command

from newsletter import samples
from newsletter.models import Issue, StorySource
from newsletter.parsing import parse_issue, write_canonical
from newsletter.states import IssueState
from subscribers.models import ConsentEvent, Subscriber

NEWEST = date(2027, 1, 1)
NOW = datetime(2027, 1, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize("sample", samples.ISSUES, ids=lambda sample: sample.file)
def test_a_sample_is_canonical_and_without_a_single_remark(sample):
    text = samples.FOLDER.joinpath(sample.file).read_text()
    parse = parse_issue(text)
    assert parse.diagnostics == ()
    assert parse.issue is not None
    assert write_canonical(parse.issue) == text


@pytest.mark.parametrize("sample", samples.ISSUES[:3], ids=lambda sample: sample.file)
def test_a_daily_has_eight_to_fourteen_stories_of_a_digests_length(sample):
    parsed = parse_issue(samples.FOLDER.joinpath(sample.file).read_text()).issue
    assert parsed is not None
    stories = parsed.stories
    assert 8 <= len(stories) <= 14
    assert all(40 <= len(story.body.split()) <= 128 for story in stories)
    assert any("`" in story.body for story in stories)


def test_every_file_of_the_folder_is_a_sample():
    assert {file.name for file in samples.FOLDER.iterdir()} == {s.file for s in samples.ISSUES}


@pytest.mark.parametrize("sample", samples.ISSUES, ids=lambda sample: sample.file)
def test_links_lead_to_reserved_domains_alone(sample):
    addresses = re.findall(r"https?://([^/\s]+)", samples.FOLDER.joinpath(sample.file).read_text())
    assert set(addresses) == {"example.com"}


def test_readers_live_under_reserved_domains_alone():
    domains = {reader.address.partition("@")[2] for reader in samples.READERS}
    assert domains <= {"example.com", "example.org", "example.net", "example.test"}


def test_days_move_so_that_the_newest_is_the_given_one():
    moved = samples.dated("2026-03-03 2026-03-05, not 12026-03-05", date(2026, 12, 31))
    assert moved == "2026-12-29 2026-12-31, not 12026-03-05"


@pytest.fixture
def catalogue(db):
    call_command("load_sources", verbosity=0)


@pytest.fixture
def stored(db, catalogue):
    samples.store_readers(NOW)
    return samples.store_issues(NEWEST)


def test_samples_are_stored_as_drafts_of_these_days(stored):
    assert [issue.slug for issue in stored] == [
        "daily-2026-12-30",
        "daily-2026-12-31",
        "daily-2027-01-01",
        "weekly-2027-01-01",
    ]
    assert {issue.state for issue in stored} == {IssueState.DRAFT}


def test_no_two_samples_stand_in_an_inbox_or_the_archive_alike(stored):
    lines = [issue.subject or issue.stories.order_by("position")[0].headline for issue in stored]
    assert len(set(lines)) == len(stored)


def test_every_credit_is_confirmed_and_every_story_has_one(stored):
    assert not StorySource.objects.filter(confirmed=False).exists()
    assert not any(
        issue.stories.filter(sources=None, unattributed=False).exists() for issue in stored
    )


def test_the_weeklys_stories_came_out_of_the_dailies(stored):
    *dailies, weekly = stored
    keys = {
        f"{issue.slug}/{key}"
        for issue in dailies
        for key in issue.stories.values_list("key", flat=True)
    }
    taken = list(weekly.stories.values_list("taken_from", flat=True))
    assert len(taken) == 6
    assert set(taken) <= keys
    assert weekly.threads.count() == 2


def test_storing_again_changes_nothing(stored):
    before = list(Issue.objects.values_list("pk", "updated_at"))
    assert samples.store_issues(NEWEST) == stored
    assert samples.store_readers(NOW) == 0
    assert list(Issue.objects.values_list("pk", "updated_at")) == before


def test_samples_bear_the_publications_own_name(db, catalogue, settings):
    settings.PUBLICATION_NAME = "Plumbing Weekly & Sons"
    assert len(samples.store_issues(NEWEST)) == 4


def test_a_sample_without_its_catalogue_says_what_is_wrong(db):
    with pytest.raises(samples.BadSample, match=r"daily-1\.md: line \d+: "):
        samples.store_issues(NEWEST)


def test_readers_are_of_every_kind(stored):
    readers = Subscriber.objects.all()
    assert len(readers) >= 12
    assert readers.filter(all_sources=True).exists()
    counts = {reader.sources.count() for reader in readers.filter(all_sources=False)}
    assert {1, 5} <= counts
    assert readers.filter(wants_daily=False, wants_weekly=True).exists()
    assert readers.filter(paused_until__gt=NOW.date()).exists()
    assert set(readers.values_list("state", flat=True)) == set(Subscriber.State.values)
    assert readers.values("time_zone").distinct().count() > 5
    assert readers.values("language").distinct().count() > 1


def test_somebodys_filter_leaves_nothing_of_any_sample(stored):
    nobodys = Subscriber.objects.get(email="dmitri@example.org")
    credited = set(StorySource.objects.values_list("source_id", flat=True))
    chosen = {source.pk for source in nobodys.sources.all()}
    assert chosen
    assert not chosen & credited


def test_nobody_is_asked_to_confirm_a_sample(stored):
    requests = ConsentEvent.objects.filter(kind="subscribed")
    assert len(requests) == len(samples.READERS)
    assert not requests.filter(answered_at=None).exists()


def test_all_consent_of_samples_is_marked_as_sample(stored):
    assert set(ConsentEvent.objects.values_list("origin", flat=True)) == {"sample"}
    for reader in Subscriber.objects.all():
        kinds = set(reader.consent_events.values_list("kind", flat=True))
        assert "subscribed" in kinds
        assert ("confirmed" in kinds) == (reader.state != Subscriber.State.PENDING)
