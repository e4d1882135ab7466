"""Corrections of a sent issue: readers keep what they have, newcomers get what is right."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from newsletter import approving, ledger, sending, steering, ticking, welcoming
from newsletter.approving import NotApprovable
from newsletter.auditing import imbalances
from newsletter.models import Delivery, Issue, Story
from newsletter.states import DeliveryState, IssueState, WrongState
from newsletter.welcoming import WELCOME_WITHIN, welcome, welcome_due
from tests.factories import make_issue, make_reader, make_source, make_story

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def sent():
    """Make an issue of today that went out to one reader."""
    make_reader("first@example.com")
    issue = make_issue(end=timezone.now().date())
    make_story(issue, make_source(), body="Alice stole the money.")
    steering.send_now(issue, now=timezone.now())
    sending.drain(issue.pk)
    ticking.close_finished(timezone.now())
    issue.refresh_from_db()
    mail.outbox.clear()
    return issue


def change(issue, body):
    """Do to the rows what the issue's page does when a correction is saved."""
    Story.objects.filter(issue=issue).update(body=body)
    Issue.objects.filter(pk=issue.pk).update(
        correction_note="Alice is innocent.", corrected_at=timezone.now()
    )


def newcomer(email="new@example.com"):
    return make_reader(email, welcome_due_at=timezone.now())


def spoil(issue):
    """Save a correction that no mail can hold."""
    change(issue, "> " * 500 + "Alice did not steal anything.")
    with pytest.raises(NotApprovable):
        approving.correct(issue, now=timezone.now())


def test_a_newcomer_gets_the_corrected_text_and_earlier_mails_stay_as_they_were(sent):
    change(sent, "Alice did not steal anything.")
    revision = approving.correct(sent, now=timezone.now())
    welcome(newcomer().pk, now=timezone.now())
    sending.drain(sent.pk)
    assert "Alice did not steal anything." in mail.outbox[0].body
    assert "Alice stole" not in mail.outbox[0].body
    by_reader = dict(sent.deliveries.values_list("subscriber__email", "revision__number"))
    assert by_reader == {"first@example.com": 1, "new@example.com": revision.number}


def test_a_correction_that_mails_cannot_hold_welcomes_nobody_until_it_is_mended(sent):
    spoil(sent)
    reader = newcomer()
    assert welcome(reader.pk, now=timezone.now()) is None
    assert sent.revisions.count() == 1
    change(sent, "Alice did not steal anything.")
    approving.correct(sent, now=timezone.now())
    assert welcome(newcomer("later@example.com").pk, now=timezone.now()) is not None


def test_a_correction_that_mails_cannot_hold_stops_a_welcome_that_waits_already(sent):
    welcome(newcomer().pk, now=timezone.now())
    claim = ledger.claim(sent.pk, now=timezone.now())
    spoil(sent)
    revision = sent.revisions.get()
    assert not ledger.intend(
        claim.delivery_ids[0],
        claim.token,
        revision_id=revision.pk,
        variant="",
        stories=1,
        shown="1",
        mailer="default",
    )
    ledger.release(claim.token)
    assert ticking.tick(timezone.now()) == []
    sending.drain(sent.pk)
    assert mail.outbox == []
    change(sent, "Alice did not steal anything.")
    approving.correct(sent, now=timezone.now())
    assert ticking.tick(timezone.now()) == [sent.pk]
    sending.drain(sent.pk)
    assert "Alice did not steal anything." in mail.outbox[0].body


def test_a_correction_of_the_note_alone_keeps_the_issue_a_welcome(sent):
    change(sent, "Alice stole the money.")
    approving.correct(sent, now=timezone.now())
    assert welcome(newcomer().pk, now=timezone.now()) is not None


@pytest.mark.parametrize("state", sorted(set(IssueState) - {IssueState.SENT}))
def test_only_what_was_sent_is_corrected(sent, state):
    Issue.objects.filter(pk=sent.pk).update(state=state)
    with pytest.raises(WrongState):
        approving.correct(sent, now=timezone.now())


def test_a_welcome_that_could_not_be_sent_in_time_is_ended_and_accounted_for(sent):
    welcome(newcomer().pk, now=timezone.now())
    spoil(sent)
    last_day = timezone.now() + WELCOME_WITHIN["daily"]
    welcome_due(last_day)
    waiting = Delivery.objects.get(occasion="welcome")
    assert waiting.state == DeliveryState.PENDING
    welcome_due(last_day + 2 * DAY)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == (DeliveryState.CANCELLED, welcoming.TOO_OLD)
    assert imbalances(sent) == []


def test_the_audit_tells_of_welcomes_that_wait_too_long(sent):
    welcome(newcomer().pk, now=timezone.now())
    assert imbalances(sent) == []
    Delivery.objects.filter(occasion="welcome").update(due_at=timezone.now() - DAY)
    assert [sentence.split(":")[0] for sentence in imbalances(sent)] == [
        "1 welcomes wait since more than an hour"
    ]
