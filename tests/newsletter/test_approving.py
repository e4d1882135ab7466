"""What approval checks and freezes."""

from datetime import timedelta

import pytest

from newsletter import rendering
from newsletter.approving import NotApprovable, approve, revise, withdraw
from newsletter.content import IssueContent
from newsletter.models import Issue, Story
from newsletter.planning import plan
from newsletter.rendering import RenderError
from newsletter.states import WrongState
from tests.factories import (
    make_approved_issue,
    make_issue,
    make_reader,
    make_source,
    make_story,
    noon,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft():
    issue = make_issue()
    make_story(issue, make_source())
    return issue


def test_approval_freezes_content_and_blocks(draft):
    revision = approve(draft, now=noon(draft))
    assert (draft.state, draft.approved_at, revision.number) == ("approved", noon(draft), 1)
    frozen = IssueContent.from_json(revision.content)
    Story.objects.update(headline="Changed afterwards")
    revision.refresh_from_db()
    assert IssueContent.from_json(revision.content) == frozen
    assert revision.content_hash == frozen.content_hash


def test_approval_renders_every_language_of_the_house(draft, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français")]
    rendered = approve(draft, now=noon(draft)).rendered
    assert list(rendered) == ["en", "de", "fr"]
    assert {language: blocks["language"] for language, blocks in rendered.items()} == {
        language: language for language in rendered
    }


def test_a_mail_too_large_in_any_language_blocks_approval(draft, monkeypatch):
    whole = rendering.refuse_oversize

    def too_large_in_german(rendered):
        if rendered.language == "de":
            raise RenderError("Too large. Shorten it.")
        whole(rendered)

    monkeypatch.setattr(rendering, "refuse_oversize", too_large_in_german)
    with pytest.raises(NotApprovable) as caught:
        approve(draft, now=noon(draft))
    assert [finding.message for finding in caught.value.findings] == ["Too large. Shorten it."]
    assert draft.revisions.count() == 0


def test_an_issue_without_stories_cannot_be_approved():
    issue = make_issue()
    with pytest.raises(NotApprovable) as caught:
        approve(issue, now=noon(issue))
    assert {finding.level for finding in caught.value.findings} == {"error"}
    issue.refresh_from_db()
    assert (issue.state, issue.revisions.count()) == ("draft", 0)


def test_a_late_issue_wants_to_be_confirmed(draft):
    late = noon(draft) + timedelta(days=4)
    with pytest.raises(NotApprovable) as caught:
        approve(draft, now=late)
    assert [finding.code for finding in caught.value.findings] == ["late"]
    assert approve(draft, now=late, confirmed_late=True).number == 1


def test_approving_twice_is_refused(draft):
    same = Issue.objects.get(pk=draft.pk)
    approve(draft, now=noon(draft))
    with pytest.raises(WrongState, match="is approved and cannot become approved"):
        approve(same, now=noon(draft))
    assert draft.revisions.count() == 1


def test_a_withdrawn_approval_can_be_given_again(draft):
    approve(draft, now=noon(draft))
    withdraw(draft)
    assert (draft.state, draft.approved_at) == ("draft", None)
    assert approve(draft, now=noon(draft)).number == 2


def test_an_issue_that_is_being_sent_cannot_be_withdrawn():
    make_reader()
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    with pytest.raises(WrongState):
        withdraw(issue)


def test_an_edit_after_approval_makes_a_revision_and_no_edit_makes_none():
    issue = make_approved_issue()
    assert revise(issue, now=noon(issue)) is None
    Story.objects.update(body="A better body.")
    revision = revise(issue, now=noon(issue))
    assert revision is not None
    assert revision.number == 2
    assert issue.revisions.current().first() == revision


def test_a_draft_is_not_revised(draft):
    with pytest.raises(WrongState):
        revise(draft, now=noon(draft))


def test_a_text_that_cannot_be_rendered_blocks_approval_and_says_why(draft):
    Story.objects.update(body="> " * 500 + "deep")
    with pytest.raises(NotApprovable) as caught:
        approve(draft, now=noon(draft))
    assert [finding.code for finding in caught.value.findings] == ["cannot_render"]
    assert caught.value.findings[0].message


def test_an_edit_that_would_not_be_approved_is_not_frozen():
    issue = make_approved_issue()
    issue.stories.all().delete()
    with pytest.raises(NotApprovable):
        revise(issue, now=noon(issue))
    assert issue.revisions.count() == 1
