"""Several intents in one commit: what becomes of those whose turn does not come."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from newsletter import ledger, sending, steering
from newsletter.auditing import books, imbalances
from newsletter.models import Delivery, Issue
from newsletter.sending import drain
from newsletter.states import DeliveryState
from newsletter.steering import send_now
from newsletter.transport import Outcome, Verdict
from subscribers.models import Subscriber
from tests.factories import make_reader, make_source
from tests.sends import prepared, through
from tests.smtp import DROP, Script, SmtpServer

pytestmark = pytest.mark.django_db

WINDOW = 4
READERS = 9


@pytest.fixture
def issue(settings, monkeypatch):
    """An issue due for nine readers: one goes alone, the others by four."""
    settings.INTENTS_PER_COMMIT = WINDOW
    monkeypatch.setattr(sending, "WINDOW_SECONDS", 60.0)
    for number in range(READERS):
        make_reader(f"reader{number}@example.com")
    issue = prepared(make_source("The Rope Yard"))
    send_now(issue, now=timezone.now())
    return issue


def states(issue):
    rows = issue.deliveries.order_by("pk").values_list("state", flat=True)
    return [DeliveryState(state) for state in rows]


def attempts(issue):
    return list(issue.deliveries.order_by("pk").values_list("attempts", flat=True))


def watched(monkeypatch, at=lambda number: None):
    """Count, when each message is posted, how many rows are intended by then."""
    seen = []
    whole = sending.post

    def post(connection, message):
        seen.append(Delivery.objects.filter(state=DeliveryState.SENDING).count())
        outcome = at(len(seen))
        return whole(connection, message) if outcome is None else outcome

    monkeypatch.setattr(sending, "post", post)
    return seen


def test_a_window_grows_to_its_setting_once_the_server_was_quick(issue, monkeypatch):
    seen = watched(monkeypatch)
    done = drain(issue.pk)
    assert done.sent == READERS
    # The first alone; then four are intended at once, and their results written with the next.
    assert seen == [1, *[WINDOW] * 4, *[WINDOW] * 4]
    assert len(mail.outbox) == READERS
    assert imbalances(issue) == []


def test_by_default_every_message_has_a_commit_of_its_own(issue, settings, monkeypatch):
    settings.INTENTS_PER_COMMIT = 1
    assert set(watched_while_draining(issue, monkeypatch)) == {1}


def watched_while_draining(issue, monkeypatch):
    seen = watched(monkeypatch)
    drain(issue.pk)
    return seen


@pytest.mark.parametrize("stop", ["pause", "cancel"])
def test_a_pause_or_a_cancel_in_a_window_is_seen_at_the_next(issue, stop, monkeypatch):
    def at(number):
        if number == 3:
            steering.pause(issue, "a typo") if stop == "pause" else steering.cancel(
                issue, now=timezone.now()
            )

    watched(monkeypatch, at)
    drain(issue.pk)
    assert len(mail.outbox) == 1 + WINDOW
    account = books(issue)
    assert account.sent == 1 + WINDOW
    assert (account.waiting, account.cancelled) == ((4, 0) if stop == "pause" else (0, 4))
    assert imbalances(issue) == []


def test_a_worker_that_dies_in_a_window_leaves_no_more_than_the_window_doubtful(issue, monkeypatch):
    class Killed(BaseException):
        pass

    def at(number):
        if number == 3:
            # Nothing of the worker's own runs any more.
            monkeypatch.setattr(ledger, "settle", lambda *args: True)
            monkeypatch.setattr(ledger, "release", lambda token: 0)
            raise Killed

    watched(monkeypatch, at)
    with pytest.raises(Killed):
        drain(issue.pk)
    leased = Delivery.objects.filter(lease_until__isnull=False)
    leased.update(lease_until=timezone.now() - timedelta(seconds=1))
    swept = ledger.sweep()
    assert (swept.doubtful, swept.released) == (WINDOW, READERS - 1 - WINDOW)


def test_an_interrupt_in_a_window_makes_one_message_doubtful_and_returns_the_others(
    issue, monkeypatch
):
    def at(number):
        if number == 3:
            raise KeyboardInterrupt

    watched(monkeypatch, at)
    with pytest.raises(KeyboardInterrupt):
        drain(issue.pk)
    assert states(issue) == [
        *[DeliveryState.SENT] * 2,
        DeliveryState.AMBIGUOUS,
        *[DeliveryState.PENDING] * 6,
    ]
    assert attempts(issue) == [1, 1, 1, *[0] * 6]


def test_a_stop_in_a_window_returns_what_was_not_begun_as_it_was(issue, monkeypatch):
    due = list(issue.deliveries.order_by("pk").values_list("due_at", flat=True))
    seen = watched(monkeypatch)
    done = drain(issue.pk, stop=lambda: len(seen) == 3)
    assert (done.sent, done.retried) == (3, 0)
    assert states(issue) == [*[DeliveryState.SENT] * 3, *[DeliveryState.PENDING] * 6]
    assert attempts(issue) == [1, 1, 1, *[0] * 6]
    assert list(issue.deliveries.order_by("pk").values_list("due_at", flat=True)) == due
    assert drain(issue.pk).sent == 6
    assert len(mail.outbox) == READERS


def test_bad_credentials_in_a_window_pause_the_issue_and_return_the_others(issue, monkeypatch):
    halt = Outcome(Verdict.HALTED, "535 not you", unreachable=True, needs_operator=True)
    watched(monkeypatch, lambda number: halt if number == 3 else None)
    done = drain(issue.pk)
    assert done.halted
    assert Issue.objects.get().state == "paused"
    assert states(issue) == [*[DeliveryState.SENT] * 2, *[DeliveryState.PENDING] * 7]
    assert attempts(issue) == [1, 1, *[0] * 7]


def test_a_server_that_cannot_be_reached_in_a_window_costs_nobody_an_attempt(issue, monkeypatch):
    away = Outcome(Verdict.LATER, "refused", unreachable=True, never_began=True, dropped=True)
    watched(monkeypatch, lambda number: away if number == 3 else None)
    drain(issue.pk)
    assert states(issue) == [*[DeliveryState.SENT] * 2, *[DeliveryState.PENDING] * 7]
    assert set(attempts(issue)[2:]) == {0}


@pytest.mark.parametrize("answer", ["421 4.3.2 closing", DROP])
def test_a_conversation_that_ends_in_a_window_harms_one_message_alone(issue, answer, settings):
    with SmtpServer(Script({"mail": ["250 ok", "250 ok", answer]})) as server:
        through(server, settings)
        done = drain(issue.pk)
    assert (done.sent, done.retried) == (READERS - 1, 1)
    assert states(issue)[2] == DeliveryState.PENDING
    assert len(server.taken) == READERS - 1


def test_a_doubtful_message_in_a_window_is_the_only_one(issue, settings):
    with SmtpServer(Script({"dot": ["250 ok", "250 ok", DROP]})) as server:
        through(server, settings)
        drain(issue.pk)
        drain(issue.pk)
    counted = states(issue)
    assert counted.count(DeliveryState.AMBIGUOUS) == 1
    waiting = counted.count(DeliveryState.PENDING)
    assert counted.count(DeliveryState.SENT) == len(server.taken) == READERS - 1 - waiting


def test_a_cancel_while_the_rest_of_a_window_is_returned_closes_the_books(issue, monkeypatch):
    seen = watched(
        monkeypatch,
        lambda number: steering.cancel(issue, now=timezone.now()) and None if number == 3 else None,
    )
    drain(issue.pk, stop=lambda: len(seen) == 3)
    account = books(issue)
    assert (account.sent, account.cancelled, account.waiting) == (3, 6, 0)
    assert imbalances(issue) == []


def test_a_slow_server_gets_one_message_at_a_time(issue, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(sending, "monotonic", lambda: now[0])
    monkeypatch.setattr(sending, "WINDOW_SECONDS", 0.5)

    def at(number):
        now[0] += 1.0

    seen = watched(monkeypatch, at)
    drain(issue.pk, seconds=1_000)
    assert seen == [1] * READERS


def test_a_server_that_becomes_slow_in_a_window_keeps_nobody_waiting_in_it(issue, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(sending, "monotonic", lambda: now[0])
    monkeypatch.setattr(sending, "WINDOW_SECONDS", 0.5)

    def at(number):
        now[0] += 0.01 if number < 3 else 1.0

    seen = watched(monkeypatch, at)
    drain(issue.pk, seconds=1_000)
    # The third was slow: the two behind it are returned, and sent by and by.
    assert seen[:4] == [1, WINDOW, WINDOW, 1]
    drain(issue.pk, seconds=1_000)
    assert states(issue) == [DeliveryState.SENT] * READERS
    assert set(attempts(issue)) == {1}


def test_a_worker_that_slept_past_its_lease_does_not_begin(issue, settings, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(sending, "monotonic", lambda: now[0])
    whole = ledger.intend
    calls = []

    def slept(*args, **kwargs):
        begun = whole(*args, **kwargs)
        calls.append(args)
        if len(calls) == 1:
            now[0] += settings.INTENT_LEASE_SECONDS
        return begun

    monkeypatch.setattr(ledger, "intend", slept)
    seen = watched(monkeypatch)
    drain(issue.pk, seconds=100_000)
    assert len(seen) == READERS
    assert len(calls) == READERS + 1
    assert set(attempts(issue)) == {1}


def test_every_reader_of_a_window_is_asked_for_in_the_commit_of_its_intent(issue, monkeypatch):
    last = issue.deliveries.order_by("pk").last()

    def at(number):
        if number == 2:
            Subscriber.objects.filter(pk=last.subscriber_id).update(
                state="unsubscribed", left_at=timezone.now()
            )

    watched(monkeypatch, at)
    drain(issue.pk)
    assert len(mail.outbox) == READERS - 1
    assert issue.deliveries.get(pk=last.pk).reason == "unsubscribed"


def test_skipped_readers_take_no_place_on_the_wire(issue, monkeypatch):
    Subscriber.objects.exclude(email="reader8@example.com").update(
        state="unsubscribed", left_at=timezone.now()
    )
    seen = watched(monkeypatch)
    done = drain(issue.pk)
    assert (done.skipped, done.sent, len(seen)) == (READERS - 1, 1, 1)
    assert imbalances(issue) == []
