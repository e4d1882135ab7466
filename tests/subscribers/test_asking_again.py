"""People whose address is suppressed, and who ask for mail again."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from subscribers.answering import answer
from subscribers.choices import choices_of
from subscribers.models import ConsentEvent, Subscriber
from subscribers.restraint import MAIL_GAP, MAX_SIGN_UP_MAILS_A_DAY
from subscribers.subscribing import Confirmation, confirm, confirmation_of, unsubscribe
from subscribers.suppression import lift, suppress
from tests.factories import make_reader

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ADA = "ada@example.com"
State = Subscriber.State
Why = Subscriber.Suppression
Origin = ConsentEvent.Origin


def bounced(*, at=NOW - DAY, **fields):
    reader = make_reader(ADA, **fields)
    assert suppress(reader.pk, Why.BOUNCED, now=at)
    reader.refresh_from_db()
    return reader


def standing(reader):
    reader.refresh_from_db()
    return reader.state, reader.suppression


def kinds(reader):
    return list(reader.consent_events.order_by("at", "pk").values_list("kind", flat=True))


def test_who_asks_though_mail_came_back_gets_one_mail_and_nothing_else_changes(ask):
    reader = bounced(hour=9)
    assert ask() == [reader.pk]
    assert standing(reader) == (State.SUPPRESSED, Why.BOUNCED)
    assert reader.hour == 9
    assert answer(reader.pk, now=NOW)
    assert not answer(reader.pk, now=NOW)
    assert [message.to for message in mail.outbox] == [[ADA]]


def test_confirming_lifts_the_suppression_and_then_subscribes(ask):
    reader = bounced(hour=9)
    ask()
    assert confirmation_of(reader, NOW + MINUTE) is Confirmation.OPEN
    assert confirm(reader.pk, now=NOW + MINUTE) is Confirmation.CONFIRMED
    assert standing(reader) == (State.ACTIVE, "")
    assert choices_of(reader).hour == 5, "what was asked for now"
    assert kinds(reader) == ["suppressed", "subscribed", "unsuppressed", "resubscribed"]
    lifted = reader.consent_events.get(kind="unsuppressed")
    assert (lifted.origin, lifted.at) == (Origin.LINK, NOW + MINUTE)
    assert confirm(reader.pk, now=NOW + MINUTE) is Confirmation.ALREADY


def test_who_never_confirmed_before_the_bounce_does_now(ask):
    reader = bounced(state=State.PENDING, confirmed_at=None)
    ask()
    assert confirm(reader.pk, now=NOW + MINUTE) is Confirmation.CONFIRMED
    assert standing(reader) == (State.ACTIVE, "")
    assert kinds(reader)[-2:] == ["unsuppressed", "confirmed"]


def test_who_left_and_bounced_comes_back(ask):
    reader = bounced()
    unsubscribe(reader.pk, now=NOW - MINUTE, origin=Origin.LINK)
    ask()
    assert confirm(reader.pk, now=NOW + MINUTE) is Confirmation.CONFIRMED
    reader.refresh_from_db()
    assert (reader.state, reader.suppression, reader.left_at) == (State.ACTIVE, "", None)


def test_a_link_of_before_the_bounce_does_not_lift_it(ask):
    """It says nothing of whether the address works now."""
    reader = make_reader(ADA, state=State.PENDING, confirmed_at=None)
    ask()
    suppress(reader.pk, Why.BOUNCED, now=NOW + MINUTE)
    reader.refresh_from_db()
    assert confirmation_of(reader, NOW + 2 * MINUTE) is Confirmation.EXPIRED
    assert confirm(reader.pk, now=NOW + 2 * MINUTE) is Confirmation.EXPIRED
    assert standing(reader) == (State.SUPPRESSED, Why.BOUNCED)


def test_an_address_whose_mail_came_back_is_not_mailed_more_often_than_others(ask):
    bounced()
    moments = [NOW + number * MAIL_GAP / 2 for number in range(12)]
    mails = [moment - NOW for moment in moments if ask(now=moment)]
    assert mails == [0 * MAIL_GAP, MAIL_GAP]
    assert len(mails) == MAX_SIGN_UP_MAILS_A_DAY


def test_a_complaint_after_the_request_ends_it(ask):
    reader = bounced()
    ask()
    suppress(reader.pk, Why.COMPLAINED, now=NOW + MINUTE)
    assert not answer(reader.pk, now=NOW + MINUTE)
    assert confirm(reader.pk, now=NOW + MINUTE) is Confirmation.EXPIRED
    assert standing(reader) == (State.SUPPRESSED, Why.COMPLAINED)
    assert mail.outbox == []


def test_who_complained_can_subscribe_once_an_operator_has_lifted_it(ask):
    reader = make_reader(ADA)
    suppress(reader.pk, Why.COMPLAINED, now=NOW - DAY)
    assert ask() == []
    lift(reader.pk, now=NOW)
    assert standing(reader) == (State.UNSUBSCRIBED, "")
    assert ask(now=NOW + MINUTE) == [reader.pk]
    assert confirm(reader.pk, now=NOW + 2 * MINUTE) is Confirmation.CONFIRMED
    assert standing(reader) == (State.ACTIVE, "")
