from datetime import UTC, datetime, timedelta

import pytest

from subscribers.models import ConsentEvent, Subscriber
from subscribers.subscribing import unsubscribe
from subscribers.suppression import lift, suppress
from tests.factories import make_reader

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
State = Subscriber.State
Why = Subscriber.Suppression


def test_a_suppressed_reader_is_not_mailable_and_it_is_recorded_once():
    reader = make_reader()
    assert suppress(reader.pk, Why.BOUNCED, now=NOW)
    assert not suppress(reader.pk, Why.BOUNCED, now=NOW)
    assert not Subscriber.objects.mailable().exists()
    assert [event.kind for event in reader.consent_events.all()] == ["suppressed"]


def test_a_complaint_outweighs_a_bounce_and_not_the_other_way_round():
    reader = make_reader()
    suppress(reader.pk, Why.BOUNCED, now=NOW)
    assert suppress(reader.pk, Why.COMPLAINED, now=NOW)
    assert not suppress(reader.pk, Why.BOUNCED, now=NOW)
    reader.refresh_from_db()
    assert reader.suppression == Why.COMPLAINED


def test_what_was_suppressed_by_hand_stays_so_when_mail_bounces():
    reader = make_reader()
    assert suppress(reader.pk, Why.BOUNCED, now=NOW)
    assert suppress(reader.pk, Why.MANUAL, now=NOW)
    assert not suppress(reader.pk, Why.BOUNCED, now=NOW)
    reader.refresh_from_db()
    assert reader.suppression == Why.MANUAL
    assert suppress(reader.pk, Why.COMPLAINED, now=NOW)
    assert not suppress(reader.pk, Why.MANUAL, now=NOW)


@pytest.mark.parametrize("edition", [None, "daily"])
def test_who_leaves_while_suppressed_stays_away_when_that_is_lifted(edition):
    reader = make_reader(wants_weekly=edition is None)
    suppress(reader.pk, Why.BOUNCED, now=NOW)
    later = NOW + timedelta(hours=1)
    for _again in range(2):
        unsubscribe(reader.pk, edition=edition, now=later, origin=ConsentEvent.Origin.LINK)
    reader.refresh_from_db()
    assert (reader.state, reader.suppression) == (State.SUPPRESSED, Why.BOUNCED)
    assert reader.left_at == later
    assert [event.kind for event in reader.consent_events.all()] == ["suppressed", "unsubscribed"]
    lift(reader.pk, now=NOW + timedelta(days=1))
    reader.refresh_from_db()
    assert (reader.state, reader.left_at) == (State.UNSUBSCRIBED, later)
    assert not Subscriber.objects.mailable().exists()


@pytest.mark.parametrize(
    ("why", "confirmed", "left", "state"),
    [
        (Why.BOUNCED, True, False, State.ACTIVE),
        (Why.MANUAL, True, False, State.ACTIVE),
        (Why.BOUNCED, True, True, State.UNSUBSCRIBED),
        (Why.BOUNCED, False, False, State.PENDING),
        (Why.COMPLAINED, True, False, State.UNSUBSCRIBED),
    ],
)
def test_lifting_gives_back_no_more_than_what_the_reader_agreed_to(why, confirmed, left, state):
    reader = make_reader(
        state=State.ACTIVE if confirmed else State.PENDING,
        confirmed_at=NOW if confirmed else None,
    )
    if left:
        unsubscribe(reader.pk, now=NOW, origin=ConsentEvent.Origin.LINK)
    suppress(reader.pk, why, now=NOW)
    assert lift(reader.pk, now=NOW + timedelta(days=1))
    reader.refresh_from_db()
    assert (reader.state, reader.suppression) == (state, "")


def test_lifting_what_is_not_suppressed_does_nothing():
    reader = make_reader()
    assert not lift(reader.pk, now=NOW)
    assert not lift(987_654, now=NOW)
    assert not suppress(987_654, Why.MANUAL, now=NOW)
    assert not reader.consent_events.exists()


@pytest.mark.parametrize(("address", "counts"), [("a@example.com", True), ("b@example.com", False)])
def test_what_is_learnt_of_an_address_counts_while_the_reader_has_it(address, counts):
    reader = make_reader("a@example.com")
    assert suppress(reader.pk, Why.BOUNCED, now=NOW, address=address) is counts
    assert Subscriber.objects.mailable().exists() is not counts
