"""How often an address is mailed only because somebody typed it."""

from datetime import UTC, datetime, timedelta

import pytest

from subscribers.addresses import GOOGLES
from subscribers.choices import Choices, choices_of
from subscribers.models import ConsentEvent, Quota, Subscriber
from subscribers.models.doors import QUOTA_KEY_MAX_LENGTH
from subscribers.restraint import (
    MAIL_GAP,
    MAX_MAILS_A_DAY,
    MAX_MOVE_MAILS_A_DAY,
    MAX_SIGN_UP_MAILS_A_DAY,
    may_mail_move,
    may_mail_sign_up,
)
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
    counts = [len(ask(now=NOW + step * MAIL_GAP / 4)) for step in range(6)]
    assert counts == [1, 0, 0, 0, 1, 0]


def test_one_address_gets_two_mails_a_day_however_often_it_is_typed(ask):
    minutes = range(0, 2 * 24 * 60, 20)
    mailed = [at for at in minutes if ask(now=NOW + at * MINUTE)]
    assert MAX_SIGN_UP_MAILS_A_DAY == 2
    assert mailed == [0, 20, 24 * 60, 24 * 60 + 20]


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
    many = MAX_SIGN_UP_MAILS_A_DAY
    assert sorted(kinds(ada())) == ["changed"] * many + ["subscribed"] * many
    confirm(ada().pk, now=NOW + DAY)
    assert choices_of(ada()) == wishes[(24 * 60 - 5) % 24]


@pytest.mark.parametrize("origin", [Origin.FORM, Origin.EMBED, Origin.API])
def test_mails_are_counted_together_whichever_way_they_were_asked_for(ask, origin):
    assert ask(origin=Origin.API) == [ada().pk]
    assert ask(LATE, now=NOW + MINUTE, origin=origin) == []
    assert ada().consent_events.last().origin == origin
    confirm(ada().pk, now=NOW + DAY)
    assert choices_of(ada()) == LATE


# --- Moves count apart -----------------------------------------------------------------------


def test_a_mail_about_a_move_keeps_nobody_from_signing_up(ask):
    while may_mail_move(ADA, NOW):
        continue
    assert ask(now=NOW + MINUTE) == [ada().pk]
    assert ask(now=NOW + MINUTE + MAIL_GAP) == [ada().pk]


def test_a_mailbox_gets_three_mails_a_day_however_often_its_addresses_are_typed_or_moved_to(ask):
    mailed = 0
    for number in range(300):
        now = NOW + number * MINUTE
        mailed += len(ask(email=f"ada+{number % 9}@example.com", now=now))
        mailed += may_mail_move(f"ada+{number}@example.com", now)
    assert mailed == MAX_SIGN_UP_MAILS_A_DAY + MAX_MOVE_MAILS_A_DAY == MAX_MAILS_A_DAY == 3


# --- One mailbox behind many addresses -------------------------------------------------------


def test_addresses_of_one_mailbox_share_its_mails_and_the_rest_leave_no_reader(ask):
    for number in range(20):
        ask(email=f"v.i.c+{number}@{GOOGLES[number % 2]}")
    mailed = [reader.email for reader in Subscriber.objects.order_by("pk")]
    assert mailed == ["v.i.c+0@gmail.com", "v.i.c+1@googlemail.com"]


def test_another_mailbox_and_another_day_are_counted_anew(ask):
    for name in ("ada+1", "ada+2", "a.da", "b"):
        assert ask(email=f"{name}@example.com")
    assert ask(email="ada+3@example.com") == []
    assert ask(email="ada+3@example.com", now=NOW + DAY)


def test_different_plus_addresses_of_one_person_stay_different_readers(ask):
    for name in ("ada+news@example.com", ADA):
        ask(email=name)
        reader = Subscriber.objects.get(email=name)
        assert confirm(reader.pk, now=NOW + MINUTE) is Confirmation.CONFIRMED


def test_a_reader_of_that_mailbox_who_may_get_no_mail_stays_as_they_are(ask):
    reader = make_reader(ADA)
    for name in ("ada+1@example.com", "ada+2@example.com"):
        assert ask(email=name)
    assert ask(LATE) == []
    reader.refresh_from_db()
    assert reader.state == Subscriber.State.ACTIVE
    assert kinds(reader) == []


def test_the_counters_of_a_mailbox_fit_and_do_not_name_it():
    may_mail_sign_up(ADA, NOW)
    may_mail_move(ADA, NOW)
    keys = list(Quota.objects.values_list("key", flat=True))
    assert len(set(keys)) == 2
    assert all(len(key) <= QUOTA_KEY_MAX_LENGTH and "ada" not in key for key in keys)
