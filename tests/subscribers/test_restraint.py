"""How often an address is mailed only because somebody typed it."""

from datetime import UTC, datetime, timedelta

import pytest

from subscribers.choices import Choices, choices_of
from subscribers.models import AddressChange, ConsentEvent, Subscriber
from subscribers.restraint import MAIL_GAP, MAX_MAILS_A_DAY
from subscribers.subscribing import Confirmation, confirm
from tests.factories import make_reader

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ADA = "ada@example.com"
EARLY = Choices(hour=5)
LATE = Choices(hour=22, wants_weekly=False)
Origin = ConsentEvent.Origin


def ada():
    return Subscriber.objects.get(email=ADA)


def kinds(reader):
    return [event.kind for event in reader.consent_events.all()]


def test_one_address_gets_one_mail_in_the_gap_and_another_after_it(ask):
    counts = [len(ask(now=NOW + step * MAIL_GAP / 4)) for step in range(9)]
    assert counts == [1, 0, 0, 0, 1, 0, 0, 0, 1]


def test_one_address_gets_three_mails_a_day_however_often_it_is_typed(ask):
    minutes = range(0, 2 * 24 * 60, 20)
    mailed = [at for at in minutes if ask(now=NOW + at * MINUTE)]
    assert MAX_MAILS_A_DAY == 3
    assert mailed == [0, 20, 40, 24 * 60, 24 * 60 + 20, 24 * 60 + 40]


def test_who_asked_too_often_can_use_the_mail_they_have(ask):
    for hours in range(5):
        ask(EARLY, now=NOW + hours * 60 * MINUTE)
    assert ask(LATE, now=NOW + 6 * 60 * MINUTE) == []
    assert confirm(ada().pk, now=NOW + 7 * 60 * MINUTE) is Confirmation.CONFIRMED
    assert choices_of(ada()) == LATE


def test_a_sample_reader_who_asks_gets_a_mail_at_once(ask):
    reader = make_reader(ADA)
    reader.consent_events.create(kind="subscribed", origin=Origin.SAMPLE, at=NOW)
    assert ask(now=NOW + MINUTE) == [reader.pk]


def test_repeated_requests_in_the_gap_leave_no_rows(ask):
    for _ in range(20):
        ask()
    assert ada().consent_events.count() == 1


def test_wishes_that_change_between_mails_grow_no_history(ask):
    wishes = [Choices(hour=hour) for hour in range(24)]
    for minute in range(0, 24 * 60, 5):
        ask(wishes[minute % 24], now=NOW + minute * MINUTE)
    assert sorted(kinds(ada())) == ["changed"] * MAX_MAILS_A_DAY + ["subscribed"] * MAX_MAILS_A_DAY
    confirm(ada().pk, now=NOW + DAY)
    assert choices_of(ada()) == wishes[(24 * 60 - 5) % 24]


@pytest.mark.parametrize("origin", [Origin.FORM, Origin.EMBED, Origin.API])
def test_mails_are_counted_together_whichever_way_they_were_asked_for(ask, origin):
    assert ask(origin=Origin.API) == [ada().pk]
    assert ask(LATE, now=NOW + MINUTE, origin=origin) == []
    assert ada().consent_events.last().origin == origin
    confirm(ada().pk, now=NOW + DAY)
    assert choices_of(ada()) == LATE


def test_a_mail_for_a_change_of_address_counts_as_one_to_that_address(ask):
    mover = make_reader()
    AddressChange.objects.create(subscriber=mover, email=ADA, asked_at=NOW)
    assert ask(now=NOW + MINUTE) == []
    assert ask(now=NOW + MAIL_GAP) == [ada().pk]
