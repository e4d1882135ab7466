"""Limits of mailers: what waits for whom, and that nothing else waits with it."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from newsletter import ledger, mailers, steering
from newsletter.auditing import books, imbalances
from newsletter.models import Delivery, MailerState
from newsletter.sending import drain
from newsletter.states import DeliveryState
from newsletter.steering import send_now
from newsletter.ticking import tick
from tests.factories import make_reader, make_source
from tests.relays import relay
from tests.sends import prepared, sent
from tests.smtp import SmtpServer, closed_port

pytestmark = pytest.mark.django_db

READERS = 6


@pytest.fixture
def issue():
    for number in range(READERS):
        make_reader(f"reader{number}@example.com")
    return prepared(make_source("The Rope Yard"))


def test_no_more_leaves_than_the_days_allowance_and_the_rest_goes_to_the_fallback(issue, settings):
    with SmtpServer() as first, SmtpServer() as spare:
        settings.OUTGOING_MAILERS = (
            relay("first", first.port, 1, per_day=2),
            relay("spare", spare.port),
        )
        sent(issue)
    assert (len(first.taken), len(spare.taken)) == (2, READERS - 2)


def test_without_a_fallback_the_issue_waits_for_the_next_days_allowance(issue, settings):
    with SmtpServer() as first:
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1, per_day=2),)
        done = sent(issue)
    assert (done.sent, books(issue).waiting) == (2, READERS - 2)
    assert "before" in done.halted
    assert tick(timezone.now()) == []
    assert tick(timezone.now() + timedelta(days=1)) == [issue.pk]


def test_what_is_not_sent_is_not_counted_against_the_days_allowance(issue, settings):
    with SmtpServer() as first:
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1, per_day=1_000),)
        sent(issue)
    assert MailerState.objects.get(name="first").begun == READERS


def test_a_slow_mailer_is_waited_for_and_not_replaced(issue, settings):
    with SmtpServer() as first, SmtpServer() as spare:
        settings.OUTGOING_MAILERS = (
            relay("first", first.port, 1, per_second=4.0),
            relay("spare", spare.port),
        )
        assert sent(issue).sent == READERS
    assert (len(first.taken), spare.taken) == (READERS, [])


def test_a_mail_domain_takes_its_messages_one_after_the_other_and_holds_up_no_other(
    issue, settings
):
    for number in range(9):
        make_reader(f"slow{number}@slow.example")
    with SmtpServer() as first:
        limits = {"by_domain": {"slow.example": 0.01}}
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1, **limits),)
        done = sent(issue)
        waiting = issue.deliveries.filter(state=DeliveryState.PENDING)
        assert done.sent == READERS + 9 - waiting.count()
        assert waiting.count() >= 7
        dues = sorted(waiting.values_list("due_at", flat=True))
        gaps = {(later - earlier).total_seconds() for earlier, later in pairwise(dues)}
        assert gaps == {100.0}
        # Sent at once, they would only be put off again.
        send_now(issue, now=timezone.now())
        assert sorted(waiting.values_list("due_at", flat=True)) == dues
    assert imbalances(issue) == []


def test_a_round_waits_for_those_whose_turn_comes_soon(issue, settings):
    for number in range(20):
        make_reader(f"slow{number}@slow.example")
    with SmtpServer() as first:
        limits = {"by_domain": {"slow.example": 8.0}}
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1, **limits),)
        done = sent(issue)
    assert (done.sent, done.cut_off) == (READERS + 20, False)


def test_a_round_whose_time_is_up_says_that_there_is_more(issue, settings):
    with SmtpServer() as first:
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1, per_second=1.0),)
        send_now(issue, now=timezone.now())
        done = drain(issue.pk, seconds=0.5)
    assert done.cut_off
    assert 1 <= done.sent < READERS


def put_off_row(issue):
    """Make one row wait for its turn at its mail domain, a moment ago."""
    row = issue.deliveries.order_by("pk").first()
    Delivery.objects.filter(pk=row.pk).update(reason=ledger.PUT_OFF)
    return row


def test_a_round_does_not_wait_for_rows_of_an_issue_that_was_paused(issue, settings):
    with SmtpServer() as first:
        limits = {"by_domain": {"slow.example": 1.0}}
        settings.OUTGOING_MAILERS = (relay("first", first.port, 1, **limits),)
        send_now(issue, now=timezone.now())
        put_off_row(issue)
        steering.pause(issue)
        done = drain(issue.pk, seconds=60)
    assert (done.rows, done.cut_off) == (0, False)


def test_an_issue_rests_though_rows_wait_for_their_turn_while_no_mailer_works(issue, settings):
    limits = {"by_domain": {"slow.example": 1.0}}
    settings.OUTGOING_MAILERS = (relay("first", closed_port(), 1, **limits),)
    send_now(issue, now=timezone.now())
    put_off_row(issue)
    mailers.rest(mailers.configured()[0], "away", now=timezone.now())
    done = drain(issue.pk, seconds=60)
    assert ("no mailer takes" in done.halted, done.cut_off) == (True, False)


def test_a_fallback_that_failed_once_is_tried_when_the_days_allowance_is_used_up(issue, settings):
    with SmtpServer() as first, SmtpServer() as spare:
        settings.OUTGOING_MAILERS = (
            relay("first", first.port, 1, per_day=1),
            relay("spare", spare.port),
        )
        now = timezone.now()
        mailers.rest(mailers.configured()[1], "away", now=now)
        assert sent(issue).sent == 1
        issue.refresh_from_db()
        assert issue.rests_until <= now + timedelta(minutes=2)
        later = now + timedelta(minutes=2)
        assert drain(issue.pk, clock=lambda: later).sent == READERS - 1
    assert len(spare.taken) == READERS - 1
