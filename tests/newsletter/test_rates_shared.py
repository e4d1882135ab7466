"""Limits as all workers share them: what the database keeps, and when it is not asked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from django.db.models import F

from newsletter import rates
from newsletter.mailers import Mailer
from newsletter.models import DomainTurn, MailerState
from newsletter.rates import Waiting

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def mailer(**limits):
    return Mailer("main", "some.Backend", **limits)


def test_a_mailer_without_limits_costs_no_question(django_assert_num_queries):
    with django_assert_num_queries(0):
        grant = rates.take(mailer(), 20)
        rates.give_back(mailer(), grant, 20)
        assert rates.turns(mailer(by_domain={"a.example": 1}), {1: Waiting("b.example")}) == {}
        assert rates.take(mailer(per_day=1), 0).granted == 0
    assert grant.granted == 20


def test_workers_share_a_bucket_and_a_days_count():
    limits = mailer(per_second=0.001, per_day=30)
    grant = rates.take(limits, 20)
    assert grant.granted == 1
    assert rates.take(limits, 20).granted == 0
    rates.give_back(limits, grant, 1)
    assert rates.take(limits, 20).granted == 1
    assert rates.take(replace(limits, name="other"), 20).granted == 1
    assert dict(MailerState.objects.values_list("name", "begun")) == {"main": 1, "other": 1}


def test_the_databases_clock_refills_a_bucket():
    limits = mailer(per_second=0.5)
    assert [rates.take(limits, 20).granted for _ in range(2)] == [1, 0]
    MailerState.objects.update(next_at=F("next_at") - timedelta(seconds=2))
    assert rates.take(limits, 20).granted == 1


def test_the_breaker_keeps_what_it_knows_when_a_bucket_is_drawn():
    MailerState.objects.create(name="main", failures=3, reason="421 later", rests_until=NOON)
    rates.take(mailer(per_day=30), 20)
    state = MailerState.objects.get()
    assert (state.failures, state.reason, state.rests_until) == (3, "421 later", NOON)
    assert state.begun == 20


def test_domains_are_limited_by_their_own_name_alone():
    limits = mailer(by_domain={"mail.example": 0.001, "slow.example": 0.001})
    rows = {
        1: Waiting("mail.example"),
        2: Waiting("MAIL.example"),
        3: Waiting("eu.mail.example"),
        4: Waiting("mail.example.org"),
        5: Waiting("slow.example"),
        6: Waiting("slow.example"),
    }
    assert rates.turns(limits, rows).keys() == {2, 6}
    assert DomainTurn.objects.count() == 2


def test_rows_that_are_put_off_come_back_one_after_the_other():
    limits = mailer(by_domain={"mail.example": 0.1})
    later = rates.turns(limits, {pk: Waiting("mail.example") for pk in range(20)})
    assert list(later) == list(range(1, 20))
    dues = list(later.values())
    assert {after - due for due, after in pairwise(dues)} == {10 * SECOND}
    new = rates.turns(limits, {99: Waiting("mail.example")})
    assert new == {99: dues[-1] + 10 * SECOND}, "who is new goes to the end"
    assert rates.turns(limits, {1: Waiting("mail.example", put_off=True)}) == {}


@pytest.mark.django_db(transaction=True)
def test_a_bucket_is_never_drawn_within_another_transaction():
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        rates.take(mailer(per_day=1), 1)
