"""The web copy follows its issue."""

from datetime import date, timedelta

import pytest
from django.core.management import call_command

from newsletter import publishing, steering, ticking
from newsletter.approving import revise
from newsletter.content import IssueContent, public_content_of
from newsletter.discarding import discard
from newsletter.models import Issue, Story, WebCopy, WebPassage
from newsletter.planning import plan
from newsletter.publishing import publish, publish_all, publish_credited, publish_due
from newsletter.states import IssueState
from tests.factories import (
    make_approved_issue,
    make_issue,
    make_reader,
    make_source,
    make_story,
    make_thread,
    noon,
)
from tests.newsletter.admin_pages import form_of, issue_page
from tests.newsletter.archive_pages import NOW, sent
from tests.newsletter.public_issues import copy_of, passages

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


def names_of(passage):
    return {source.name for source in passage.sources.all()}


@pytest.mark.parametrize("state", list(IssueState))
def test_only_a_public_issue_has_a_copy(state):
    issue = make_issue(state=state.value)
    is_public = state in {IssueState.SENDING, IssueState.PAUSED, IssueState.SENT}
    assert publish(issue.pk, now=NOW) is is_public
    assert (copy_of(issue) is not None) is is_public


def test_an_issue_that_is_gone_is_not_published():
    assert publish(12345, now=NOW) is False


def test_a_copy_holds_what_is_public_and_is_found_part_by_part():
    source = make_source("Ferry Weekly")
    issue = sent("weekly", opening="It *began*.", patterns="All alike.", planned_at=NOW)
    make_story(
        issue, source, key="ice", headline="Ice", company="Port", body="It `ran`.", position=1
    )
    make_thread(issue, key="boats", title="Boats", body="On.")
    publish(issue.pk, now=LATER)
    copy = copy_of(issue)
    assert IssueContent.from_json(copy.content) == public_content_of(issue)
    assert (copy.line, copy.story_count) == ("Ice", 1)
    assert (copy.published_at, copy.changed_at) == (NOW, LATER)
    assert [(p.part, p.key, p.headline, p.text, p.via) for p in passages(issue)] == [
        ("opening", "", "", "It began.", ""),
        ("story", "ice", "Ice", "It ran.", "Ferry Weekly"),
        ("thread", "boats", "Boats", "On.", ""),
        ("patterns", "", "", "All alike.", ""),
    ]
    assert [list(p.sources.all()) for p in passages(issue)] == [[], [source], [], []]


def test_publishing_again_changes_nothing():
    issue = sent()
    make_story(issue, make_source())
    assert publish(issue.pk, now=NOW)
    before = WebCopy.objects.values().get(), list(WebPassage.objects.values())
    assert not publish(issue.pk, now=LATER)
    assert publish_all(LATER) == 0
    after = WebCopy.objects.values().get(), list(WebPassage.objects.values())
    assert after[0] == before[0]
    assert [p | {"id": 0} for p in after[1]] == [p | {"id": 0} for p in before[1]]


def test_a_text_that_cannot_be_rendered_is_copied_as_it_is():
    issue = sent(opening="> " * 30 + "deep")
    publish(issue.pk, now=NOW)
    assert passages(issue)[0].text == "> " * 30 + "deep"


def test_what_the_database_cannot_hold_in_full_is_shortened(settings):
    settings.PUBLICATION_NAME = "A name " * 40
    issue = sent()
    make_story(issue, *(make_source(f"{n}{'x' * 190}") for n in range(6)), company="Port")
    Story.objects.update(headline="")
    publish(issue.pk, now=NOW)
    assert len(copy_of(issue).line) <= 200
    assert passages(issue)[1].via.endswith("…")


def test_sending_publishes_and_what_is_being_sent_shows_no_unapproved_edit():
    make_reader()
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    Issue.objects.update(opening="A secret note", subject="Secret", patterns="secret")
    Story.objects.update(headline="Secret", body="Secret")
    publish(issue.pk, now=LATER)
    copy = copy_of(issue)
    assert copy.published_at == noon(issue)
    assert "ecret" not in f"{copy.content}{copy.line}{WebPassage.objects.values_list()}"
    issue.deliveries.update(state="cancelled")
    ticking.close(issue, LATER)
    publish_all(LATER)
    assert "ecret" not in f"{copy_of(issue).content}", "nobody approved it by waiting"
    Issue.objects.update(corrected_at=LATER, correction_note="It was six.")
    publish(issue.pk, now=LATER)
    assert "A secret note" in str(copy_of(issue).content)


def test_a_revision_is_published_while_it_is_sent():
    make_reader()
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    Issue.objects.update(opening="Another opening.")
    revise(issue, now=LATER)
    assert passages(issue)[0].text == "Another opening."
    assert copy_of(issue).changed_at == LATER


@pytest.mark.parametrize(
    ("state", "has_it"),
    [
        ("sent", True),
        ("delivered", True),
        ("complained", True),
        ("ambiguous", True),
        ("pending", False),
        ("cancelled", False),
    ],
)
def test_cancelling_withdraws_what_nobody_has_and_keeps_what_somebody_has(state, has_it):
    make_reader()
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    steering.cancel(issue, now=LATER)
    assert copy_of(issue) is None
    assert not WebPassage.objects.exists()
    issue.deliveries.update(intent_at=NOW, sent_at=NOW, revision=issue.revisions.get())
    issue.deliveries.update(state=state)
    assert publish_due(LATER) == has_it
    assert (copy_of(issue) is not None) is has_it


def test_an_approved_issue_is_not_yet_public():
    issue = make_approved_issue()
    assert not publish(issue.pk, now=NOW)


def test_discarding_an_issue_takes_all_of_its_copy_along():
    issue = make_issue(state=IssueState.CANCELLED.value)
    WebCopy.objects.create(
        issue=issue, content={}, content_hash="", line="", published_at=NOW, changed_at=NOW
    )
    discard(issue)
    assert not WebCopy.objects.exists()


def test_a_tick_makes_up_for_what_nobody_published(django_assert_num_queries):
    lacking, withdrawn = sent(), sent("weekly")
    make_issue(end=date(2026, 11, 19))
    publish(withdrawn.pk, now=NOW)
    Issue.objects.filter(pk=withdrawn.pk).update(state=IssueState.DRAFT.value)
    assert publish_due(NOW) == 2
    assert [copy.issue for copy in WebCopy.objects.all()] == [lacking]
    with django_assert_num_queries(1):
        assert publish_due(NOW) == 0


def test_stories_that_come_go_and_change_places_leave_the_copy_like_a_new_one():
    ferry, harbour, pier = (make_source(name) for name in ("Ferry", "Harbour", "Pier"))
    issue = sent()
    for number, source in enumerate((ferry, harbour, pier)):
        make_story(issue, source, headline=source.name, body=source.name, position=number)
    publish(issue.pk, now=NOW)
    issue.stories.filter(headline="Ferry").update(position=3)
    issue.stories.filter(headline="Pier").delete()
    make_story(issue, pier, ferry, headline="New", body="New", position=4)
    Issue.objects.update(opening="")
    for _ in range(2):
        publish(issue.pk, now=LATER)
        rows = [(p.position, p.headline, p.text, names_of(p)) for p in passages(issue)]
        assert rows == [
            (0, "Harbour", "Harbour", {"Harbour"}),
            (1, "Ferry", "Ferry", {"Ferry"}),
            (2, "New", "New", {"Pier", "Ferry"}),
            (3, "", issue.patterns, set()),
        ]
        WebCopy.objects.all().delete()


def test_one_page_that_cannot_be_made_holds_up_no_other(monkeypatch, caplog):
    source = make_source("Ferry")
    bad, good = sent(), sent("weekly")
    real = publishing.public_content_of

    def faulty(issue):
        if issue == bad:
            raise ValueError("a fault")
        return real(issue)

    monkeypatch.setattr(publishing, "public_content_of", faulty)
    assert publish_due(NOW) == 1
    assert copy_of(good) is not None
    make_story(good, source)
    assert publish_all(LATER) == 1
    monkeypatch.undo()
    publish_due(LATER)
    make_story(bad, source)
    publish_all(LATER)
    source.name = "Boat"
    source.save()
    monkeypatch.setattr(publishing, "public_content_of", faulty)
    assert publish_credited([source.pk], now=LATER) == 1
    assert f"the web copy of issue {bad.pk} could not be made" in caplog.text


def test_an_edit_that_was_refused_is_public_once_it_is_saved_as_a_correction(admin_client):
    make_reader()
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    page = issue_page(issue)
    values = form_of(admin_client.get(page), "issue_form")
    admin_client.post(page, values | {"patterns": ["TODO: is it true?"]})
    issue.refresh_from_db()
    assert issue.patterns == "TODO: is it true?"
    before = passages(issue)[2].text
    issue.deliveries.update(state="cancelled")
    ticking.close_finished(LATER)
    publish_all(LATER)
    assert passages(issue)[2].text == before
    values = form_of(admin_client.get(page), "issue_form")
    admin_client.post(page, values | {"patterns": ["True."], "correction_note": ["It was six."]})
    assert passages(issue)[2].text == "True."


def test_a_correction_in_the_admin_is_published(admin_client):
    issue = sent()
    make_story(issue, make_source())
    publish_all(NOW)
    page = issue_page(issue)
    values = form_of(admin_client.get(page), "issue_form")
    values |= {"opening": ["Corrected."], "correction_note": ["It was six."]}
    assert admin_client.post(page, values).status_code == 302
    copy = copy_of(issue)
    assert copy.correction_note == "It was six."
    assert copy.corrected_at is not None
    assert passages(issue)[0].text == "Corrected."


def test_the_command_writes_all_anew(capsys):
    issue = sent()
    publish(issue.pk, now=NOW)
    WebPassage.objects.update(words="", text="")
    call_command("publish_archive")
    assert passages(issue)[0].text == issue.opening
    assert capsys.readouterr().out == "1 issue is public; 0 changed.\n"
