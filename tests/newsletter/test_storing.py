"""From a text to rows: once, again, changed, refused."""

from datetime import date

import pytest
from django.db import IntegrityError

from newsletter import drafting, storing
from newsletter.models import Issue, Story, StorySource, Thread
from newsletter.states import IssueState
from newsletter.storing import accept_suggestions, export_text, import_text, known_labels
from subscribers.models import Source
from tests.factories import make_issue, make_source, make_story

pytestmark = pytest.mark.django_db

TEXT = """---
kind: daily
date: 2026-11-20
---

## Signal of the Day

What matters.

## Deep Dives

### First of all
company: Acme

Body one.

### Second to none
company: Corvid
sources: corvid

Body two.

## Patterns Across Companies

All did alike.
"""


@pytest.fixture(autouse=True)
def catalogue():
    make_source("Acme Blog", slug="acme", company="Acme")
    make_source("Corvid Blog", slug="corvid", company="Corvid")


def credits_of(story):
    return [(each.source.slug, each.confirmed, each.rule) for each in story.credits.all()]


def codes(result):
    return {each.code for each in result.diagnostics}


def snapshot():
    tables = (Issue, Story, StorySource, Thread)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def changed(old, new, text=TEXT):
    assert old in text
    return text.replace(old, new)


def test_new_text_makes_a_draft_with_stories_and_credits():
    result = import_text(TEXT)
    issue = result.issue
    assert (result.outcome, issue.state, issue.slug) == ("created", "draft", "daily-2026-11-20")
    assert (issue.period_start, issue.period_end) == (date(2026, 11, 20), date(2026, 11, 20))
    assert (issue.opening, issue.patterns) == ("What matters.", "All did alike.")
    first, second = issue.stories.all()
    assert (first.key, first.headline, first.company) == ("first-of-all", "First of all", "Acme")
    assert credits_of(first) == [("acme", False, "company")]
    assert credits_of(second) == [("corvid", True, "explicit")]


def test_same_text_again_touches_no_row():
    import_text(TEXT)
    before = snapshot()
    assert import_text(TEXT).outcome == "unchanged"
    assert snapshot() == before


def test_dry_run_says_what_would_be_and_stores_nothing():
    result = import_text(TEXT, dry_run=True)
    assert (result.outcome, result.issue) == ("created", None)
    assert not Issue.objects.exists()
    import_text(TEXT)
    before = snapshot()
    result = import_text(changed("Body one", "Another body"), dry_run=True)
    assert (result.outcome, result.issue.slug) == ("updated", "daily-2026-11-20")
    assert snapshot() == before


def test_changed_text_updates_the_rows_that_differ_and_keeps_the_others():
    import_text(TEXT)
    keys = dict(Story.objects.values_list("key", "pk"))
    result = import_text(changed("Body one.", "A better body."))
    assert result.outcome == "updated"
    assert dict(Story.objects.values_list("key", "pk")) == keys
    assert Story.objects.get(key="first-of-all").body == "A better body."


def test_story_that_is_gone_from_the_text_is_removed_and_told():
    import_text(TEXT)
    result = import_text(changed("### First of all", "### Another headline"))
    line = changed("### First of all", "### Another headline").split("### Another")[0].count("\n")
    assert [(d.line, d.level) for d in result.diagnostics if d.code == "story-removed"] == [
        (line + 1, "review")
    ]
    assert [story.key for story in result.issue.stories.all()] == [
        "another-headline",
        "second-to-none",
    ]


def test_order_of_the_text_becomes_the_order_of_the_rows():
    import_text(TEXT)
    first = TEXT.index("### First")
    second = TEXT.index("### Second")
    end = TEXT.index("## Patterns")
    swapped = TEXT[:first] + TEXT[second:end] + TEXT[first:second] + TEXT[end:]
    assert import_text(swapped).outcome == "updated"
    assert [story.key for story in Story.objects.all()] == ["second-to-none", "first-of-all"]
    assert import_text(swapped).outcome == "unchanged"


def test_editors_confirmation_outlives_a_new_import_of_a_silent_text():
    import_text(TEXT)
    StorySource.objects.filter(source__slug="acme").update(confirmed=True)
    import_text(changed("company: Acme", "company: Corvid"))
    assert credits_of(Story.objects.get(key="first-of-all")) == [("acme", True, "company")]


def test_suggestions_are_made_anew_when_the_company_changes():
    import_text(TEXT)
    import_text(changed("company: Acme", "company: Corvid"))
    assert credits_of(Story.objects.get(key="first-of-all")) == [("corvid", False, "company")]


def test_editors_no_source_outlives_a_new_import():
    import_text(TEXT)
    story = Story.objects.get(key="first-of-all")
    story.credits.all().delete()
    Story.objects.filter(pk=story.pk).update(unattributed=True)
    assert import_text(TEXT).outcome == "unchanged"
    assert not story.credits.exists()


def test_what_the_text_does_not_speak_of_stays():
    issue = import_text(TEXT).issue
    Issue.objects.filter(pk=issue.pk).update(subject="Mine", opening_about="First of all")
    Story.objects.filter(key="first-of-all").update(url="https://example.com/a")
    assert import_text(TEXT).outcome == "unchanged"
    import_text(changed("Body one", "Another body"))
    issue.refresh_from_db()
    assert (issue.subject, issue.opening_about) == ("Mine", "First of all")
    assert Story.objects.get(key="first-of-all").url == "https://example.com/a"


def test_question_mark_marks_a_story_as_unattributed():
    import_text(changed("company: Acme", "company: Acme\nsources: ?"))
    story = Story.objects.get(key="first-of-all")
    assert story.unattributed
    assert not story.credits.exists()


def test_source_may_be_named_by_its_name_and_follows_its_merger():
    corvid = Source.objects.get(slug="corvid")
    make_source("Old Corvid", slug="old-corvid", company="Corvid", merged_into=corvid)
    result = import_text(changed("sources: corvid", "sources: Old Corvid, acme blog?"))
    assert credits_of(result.issue.stories.last()) == [
        ("corvid", True, "explicit"),
        ("acme", False, "explicit"),
    ]


def test_unknown_source_is_an_error_with_a_suggestion_and_stores_nothing():
    result = import_text(changed("sources: corvid", "sources: corvd"))
    (error,) = [each for each in result.diagnostics if each.level == "error"]
    assert (error.line, error.code, error.hint) == (19, "unknown-source", "Did you mean “corvid”?")
    assert (result.outcome, Issue.objects.count()) == ("refused", 0)


def test_listed_source_that_is_not_in_the_catalogue_is_a_warning():
    result = import_text(TEXT + "\n## Sources\n\n- Acme Blog\n- Dunlin Blog\n")
    assert result.issue.listed_sources == ["Acme Blog", "Dunlin Blog"]
    assert codes(result) == {"unknown-listed-source"}


def test_text_with_an_error_changes_nothing():
    import_text(TEXT)
    before = snapshot()
    result = import_text(
        changed("## Deep Dives", "# Engineering @ Scale — 2026-11-21\n## Deep Dives")
    )
    assert result.outcome == "refused"
    assert result.has_errors
    assert snapshot() == before


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        (IssueState.APPROVED, "Withdraw the approval first"),
        (IssueState.SENDING, "frozen"),
        (IssueState.PAUSED, "frozen"),
        (IssueState.SENT, "Correct its web copy"),
        (IssueState.CANCELLED, "stays as it is"),
    ],
)
def test_changed_text_for_an_issue_that_is_no_draft_is_refused_with_a_reason(state, hint):
    import_text(TEXT)
    Issue.objects.update(state=state)
    before = snapshot()
    result = import_text(changed("Body one", "Another body"))
    assert result.outcome == "refused"
    (error,) = [each for each in result.diagnostics if each.level == "error"]
    assert hint in error.hint
    assert snapshot() == before


def test_same_text_for_a_sent_issue_is_unchanged():
    import_text(TEXT)
    Issue.objects.update(state=IssueState.SENT)
    assert import_text(TEXT).outcome == "unchanged"


def test_accepted_suggestions_are_confirmed_and_counted():
    issue = import_text(TEXT).issue
    assert accept_suggestions(issue) == 1
    assert accept_suggestions(issue) == 0
    assert not StorySource.objects.filter(confirmed=False).exists()


def test_import_can_accept_its_suggestions():
    import_text(TEXT, accept_suggestions=True)
    assert not StorySource.objects.filter(confirmed=False).exists()
    assert import_text(TEXT, accept_suggestions=True).outcome == "unchanged"


def test_exported_text_comes_back_unchanged():
    issue = import_text(TEXT + "\n## Sources\n\n- Acme Blog\n").issue
    before = snapshot()
    text = export_text(issue)
    assert import_text(text).outcome == "unchanged"
    assert snapshot() == before
    assert export_text(issue) == text
    assert "sources: acme?" in text


def test_rows_that_an_editor_typed_come_back_unchanged():
    issue = make_issue(opening="Signal.\r\n\r\n## not a section  \n", subject=" Two  spaces ")
    source = Source.objects.get(slug="acme")
    make_story(issue, source, key="kept-key", headline="Another headline now", body="\n\nBody.\n")
    make_story(issue, key="no-source", headline="No source", company="Nobody", url="")
    before = snapshot()
    assert import_text(export_text(issue)).outcome == "unchanged"
    assert snapshot() == before


def test_new_story_gets_a_free_key_where_an_older_row_has_its_own():
    issue = make_issue()
    make_story(issue, key="first-of-all", headline="Renamed by an editor", body="B", url="")
    text = export_text(issue).replace("## Patterns", "### First of all\n\nNew.\n\n## Patterns")
    result = import_text(text)
    assert [story.key for story in result.issue.stories.all()] == ["first-of-all", "first-of-all-2"]


def test_weekly_keeps_its_threads():
    text = (
        TEXT.replace(
            "kind: daily\ndate: 2026-11-20", "kind: weekly\nstart: 2026-11-14\nend: 2026-11-20"
        )
        .replace("Signal of the Day", "Week in Review")
        .replace("Deep Dives", "Top Stories")
        .replace(
            "## Patterns", "## Developing Threads\n\n### A thread\n\nOn it went.\n\n## Patterns"
        )
    )
    issue = import_text(text).issue
    assert [(thread.key, thread.body) for thread in issue.threads.all()] == [
        ("a-thread", "On it went.")
    ]
    before = snapshot()
    assert import_text(text).outcome == "unchanged"
    assert snapshot() == before
    assert import_text(text.replace("On it went", "It stopped")).outcome == "updated"


def test_other_import_of_the_same_issue_in_between_is_taken_up(monkeypatch):
    def overtaken(parsed, catalogue):
        monkeypatch.setattr(storing, "create_issue", drafting.create_issue)
        make_issue(opening="From the other one.")
        raise IntegrityError("issue_one_a_period")

    monkeypatch.setattr(storing, "create_issue", overtaken)
    result = import_text(TEXT)
    assert result.outcome in ("created", "updated")
    assert Issue.objects.get().opening == "What matters."


def test_labels_of_drafts_are_not_known_before_an_editor_approved_them():
    import_text(changed("company: Acme", "company: Dunlin"))
    assert "Dunlin" not in known_labels()
    Issue.objects.update(state=IssueState.SENT)
    assert {"Dunlin", "Acme", "Acme Blog"} <= known_labels()


def test_text_without_a_date_is_refused():
    result = import_text("Deep Dives\nA · Acme · Source Body.")
    assert (result.outcome, result.issue) == ("refused", None)
