"""A mailer that cannot be used is left alone, longer each time, and then tried by one worker."""

import random
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter import mailers
from newsletter.mailers.breaker import PROBE
from newsletter.models import Issue, MailerState
from tests.factories import make_issue
from tests.subscribers.races import elsewhere, needs_rows_locked, one_after_the_other

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


def after(minutes, seconds=0):
    return NOW + timedelta(minutes=minutes, seconds=seconds)


@pytest.fixture
def three(settings):
    """Two mailers that share the mail, and a fallback."""
    settings.OUTGOING_MAILERS = tuple(
        {"name": name, "backend": LOCMEM, "share": share}
        for name, share in (("one", 1), ("spare", 0), ("two", 1))
    )
    return {mailer.name: mailer for mailer in mailers.configured()}


def usable(now):
    """Return the names of all usable mailers, as somebody asks who needs every one of them."""
    found = [*mailers.usable(now), *mailers.usable(now, fallbacks=True)]
    return sorted(mailer.name for mailer in found)


def probe(now):
    """Return the mailer that a worker is given to try."""
    return next(mailer for mailer in mailers.usable(now) if mailer.probe_until)


pytestmark = pytest.mark.django_db


def test_mailers_that_never_failed_are_usable_in_their_order_with_one_question(three):
    with CaptureQueriesContext(connection) as asked:
        assert [mailer.name for mailer in mailers.usable(NOW)] == ["one", "two"]
    assert len(asked) == 1
    assert [mailer.name for mailer in mailers.usable(NOW, fallbacks=True)] == ["spare"]


def test_one_that_failed_rests_and_the_others_go_on(three):
    assert mailers.rest(three["one"], "refused", now=NOW) == after(1)
    assert usable(NOW) == ["spare", "two"]
    state = MailerState.objects.get()
    assert (state.name, state.failures, state.reason) == ("one", 1, "refused")


def test_it_rests_longer_with_every_failure_in_a_row(three):
    now, rests = NOW, []
    mailer = three["one"]
    for _ in range(6):
        until = mailers.rest(mailer, "down", now=now)
        rests.append((until - now) / timedelta(minutes=1))
        now = until
        mailer = probe(now)
    assert rests == [1, 5, 15, 60, 60, 60]


@pytest.mark.parametrize(("asked", "minutes"), [(0, 1), (30, 1), (600, 10)])
def test_it_rests_at_least_as_long_as_the_server_asked(three, asked, minutes):
    seconds = timedelta(seconds=asked)
    assert mailers.rest(three["one"], "429", now=NOW, asked=seconds) == after(minutes)
    assert "one" not in usable(after(minutes, seconds=-1))
    assert "one" in usable(after(minutes))


def test_workers_who_find_the_same_fault_at_once_count_as_one_failure(three):
    for second in range(4):
        assert mailers.rest(three["one"], "down", now=after(0, second)) == after(1)
    assert MailerState.objects.get().failures == 1


def test_a_worker_who_is_told_to_wait_longer_meanwhile_is_heard(three):
    mailers.rest(three["one"], "down", now=NOW)
    assert mailers.rest(three["one"], "429", now=NOW, asked=timedelta(hours=1)) == after(60)
    assert mailers.rest(three["one"], "down", now=NOW) == after(60)


def test_after_its_rest_one_worker_tries_it_and_the_others_wait(three):
    mailers.rest(three["one"], "down", now=NOW)
    assert probe(after(1)).name == "one"
    assert usable(after(1)) == ["spare", "two"]
    assert usable(after(1, 59)) == ["spare", "two"]
    # The worker died over it: another one tries.
    assert probe(after(1) + PROBE).name == "one"


def test_one_that_works_again_is_everybodys_at_once(three):
    mailers.rest(three["one"], "down", now=NOW)
    tried = mailers.recovered(probe(after(1)))
    assert tried == three["one"]
    assert usable(after(1)) == ["one", "spare", "two"]
    state = MailerState.objects.get()
    assert (state.failures, state.rests_until, state.reason) == (0, None, "")


def test_a_success_asks_the_database_nothing_where_nothing_was_open(three):
    with CaptureQueriesContext(connection) as asked:
        assert mailers.recovered(three["one"]) is three["one"]
    assert len(asked) == 0


def test_a_success_of_before_does_not_hide_a_fault_found_since(three):
    mailers.rest(three["one"], "down", now=NOW)
    first = probe(after(1))
    second = probe(after(1) + PROBE)
    mailers.rest(second, "535", now=after(2), needs_operator=True)
    mailers.recovered(first)
    assert MailerState.objects.get().needs_operator
    assert "one" not in usable(after(100))


def test_one_with_nothing_to_try_it_with_leaves_it_to_another(three):
    mailers.rest(three["one"], "down", now=NOW)
    mailers.untried(probe(after(1)), now=after(1))
    assert probe(after(1)).name == "one"
    mailers.untried(three["two"], now=NOW)
    assert MailerState.objects.count() == 1


def test_a_worker_tries_one_at_a_time_and_a_fallback_only_when_it_asks_for_one(three):
    for mailer in three.values():
        mailers.rest(mailer, "down", now=NOW)
    given = [[mailer.name for mailer in mailers.usable(after(1))] for _ in range(3)]
    assert given == [["one"], ["two"], []]
    assert [mailer.name for mailer in mailers.usable(after(1), fallbacks=True)] == ["spare"]
    assert mailers.usable(after(1), fallbacks=True) == []


def test_one_that_needs_an_operator_is_not_tried_before_it_is_woken(three):
    mailers.rest(three["one"], "535 no", now=NOW, needs_operator=True)
    assert usable(after(10_000)) == ["spare", "two"]
    assert mailers.in_need() == {"one": "535 no"}
    # A worker that was still at it finds it unreachable: that helps nobody.
    mailers.rest(three["one"], "down", now=NOW)
    assert usable(after(10_000)) == ["spare", "two"]
    assert mailers.wake("one")
    assert usable(NOW) == ["one", "spare", "two"]
    assert not mailers.wake("one")
    assert not mailers.wake("unheard of")


def test_waking_lets_waiting_issues_go_on(three):
    issue = make_issue()
    Issue.objects.update(rests_until=after(60))
    assert not mailers.wake("one")
    mailers.rest(three["one"], "down", now=NOW)
    assert mailers.wake("one")
    issue.refresh_from_db()
    assert issue.rests_until is None


def test_all_are_woken_together(three):
    for mailer in three.values():
        mailers.rest(mailer, "535", now=NOW, needs_operator=True)
    assert mailers.none_left()
    mailers.wake_all()
    assert not mailers.none_left()
    assert usable(NOW) == ["one", "spare", "two"]


def test_none_is_left_only_where_every_one_needs_an_operator(three):
    assert not mailers.none_left()
    mailers.rest(three["one"], "535", now=NOW, needs_operator=True)
    mailers.rest(three["two"], "535", now=NOW, needs_operator=True)
    mailers.rest(three["spare"], "down", now=NOW)
    assert not mailers.none_left()
    mailers.rest(three["spare"], "535", now=NOW, needs_operator=True)
    assert mailers.none_left()


def test_a_mailer_that_is_configured_no_more_counts_for_nothing(three):
    MailerState.objects.create(name="former", needs_operator=True)
    assert mailers.in_need() == {}
    assert mailers.earliest() is None


def test_the_earliest_is_when_the_first_that_rests_may_be_tried(three):
    assert mailers.earliest() is None
    mailers.rest(three["one"], "535", now=NOW, needs_operator=True)
    assert mailers.earliest() is None
    mailers.rest(three["two"], "429", now=NOW, asked=timedelta(hours=1))
    mailers.rest(three["spare"], "429", now=NOW, asked=timedelta(hours=2))
    assert mailers.earliest() == after(60)
    assert usable(after(60)) == ["two"]
    assert mailers.earliest() == after(60) + PROBE


def test_issues_that_waited_go_on_as_soon_as_a_mailer_works_again(three):
    issue = make_issue()
    mailers.rest(three["one"], "down", now=NOW)
    Issue.objects.update(rests_until=after(2))
    mailers.recovered(probe(after(1)))
    issue.refresh_from_db()
    assert issue.rests_until is None


def test_none_is_the_earliest_where_waiting_helps_nobody(three):
    for mailer in three.values():
        mailers.rest(mailer, "535", now=NOW, needs_operator=True)
    assert mailers.earliest() is None


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_a_failing_mailer_is_tried_once_a_minute_at_most(seed, three):
    chance = random.Random(seed)
    now, tries = NOW, []
    mailers.rest(three["one"], "down", now=now)
    for _ in range(120):
        now += timedelta(seconds=chance.choice([0, 1, 20, 61]))
        given = [mailer for mailer in mailers.usable(now) if mailer.name == "one"]
        for mailer in given:
            assert mailer.probe_until == now + PROBE
            tries.append(now)
            if chance.random() < 0.7:
                mailers.rest(mailer, "down", now=now)
    assert len(tries) > 3
    assert all(later - before >= PROBE for before, later in pairwise(tries))


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_one_tries_a_mailer_whose_rest_is_over(three):
    for turn in range(10):
        MailerState.objects.all().delete()
        mailers.rest(three["one"], "down", now=NOW)
        given = at_once(6, lambda: usable(after(1)))
        assert sum("one" in names for names in given) == 1, turn


@needs_rows_locked
@pytest.mark.django_db(transaction=True)
def test_two_workers_with_different_news_of_a_mailer_lose_neither(three):
    MailerState.objects.create(name="one")
    one_after_the_other(
        lambda: mailers.rest(three["one"], "535", now=NOW, needs_operator=True),
        lambda: mailers.rest(three["one"], "429", now=NOW, asked=timedelta(hours=1)),
    )
    state = MailerState.objects.get()
    assert (state.needs_operator, state.failures, state.rests_until) == (True, 1, after(60))


def at_once(workers, work):
    """Do something in several connections in the same moment, and return what each found."""
    start, found = threading.Barrier(workers), []

    def racing():
        start.wait(timeout=10)
        found.append(work())

    racers = [elsewhere(racing) for _ in range(workers)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(timeout=20)
    assert len(found) == workers
    return found
