"""The values that approval freezes."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content import IssueContent, StoryContent, ThreadContent, content_of
from tests.factories import make_issue, make_source, make_story

texts = st.text(max_size=40)
stories = st.builds(
    StoryContent,
    key=texts,
    headline=texts,
    company=texts,
    body=texts,
    url=texts,
    source_ids=st.lists(st.integers(1, 99), max_size=3).map(tuple),
    via=texts,
)
contents = st.builds(
    IssueContent,
    kind=st.sampled_from(["daily", "weekly"]),
    slug=texts,
    title=texts,
    subject=texts,
    period_start=st.dates(),
    period_end=st.dates(),
    opening=texts,
    stories=st.lists(stories, max_size=3).map(tuple),
    threads=st.lists(st.builds(ThreadContent, texts, texts, texts), max_size=2).map(tuple),
    patterns=texts,
)


@given(contents)
def test_content_survives_json_and_keeps_its_hash(content):
    again = IssueContent.from_json(content.to_json())
    assert again == content
    assert again.content_hash == content.content_hash


@pytest.mark.django_db
def test_a_story_is_credited_to_the_present_name_of_a_merged_source():
    present = make_source("Rope Blog")
    former = make_source("The Rope Blog", merged_into=present)
    issue = make_issue()
    make_story(issue, former, present)
    assert content_of(issue).stories[0].source_ids == (present.pk,)


@pytest.mark.django_db
def test_a_source_that_was_merged_twice_is_followed_to_its_end():
    present = make_source("Rope Blog")
    middle = make_source("The Rope Blog", merged_into=present)
    oldest = make_source("Ropes and Knots", merged_into=middle)
    issue = make_issue()
    make_story(issue, oldest)
    assert content_of(issue).stories[0].source_ids == (present.pk,)


@pytest.mark.django_db
def test_the_by_line_names_a_source_that_is_not_the_label():
    digest = make_source("Weekly Digest", company="Digest House")
    own = make_source("Rope Blog", company="Ropes Ltd")
    issue = make_issue(end=date(2026, 11, 19))
    make_story(issue, digest, company="Ropes Ltd")
    make_story(issue, own, company="Ropes Ltd")
    assert [story.via for story in content_of(issue).stories] == ["Weekly Digest", ""]


@pytest.mark.django_db
def test_the_first_headline_is_the_subject_where_the_editor_gave_none():
    issue = make_issue()
    make_story(issue, make_source(), headline="Ropes hold")
    assert content_of(issue).subject == "Ropes hold"
