"""Errors of our own and of the database while an issue is sent: what becomes of each message."""

import pytest
from django.core import mail
from django.db import OperationalError
from django.utils import timezone

from newsletter import deciding, heeding, ledger, sending
from newsletter.models import Delivery
from newsletter.sending import drain
from newsletter.states import DeliveryState
from newsletter.steering import send_now
from tests.factories import make_reader, make_source
from tests.sends import one_message, prepared, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return make_source("The Rope Yard")


def test_an_error_over_a_reader_is_written_down_whatever_its_words(source, monkeypatch):
    make_reader()
    issue = prepared(source)

    def odd(*args):
        raise ValueError("a choice\0 that cannot be read")

    monkeypatch.setattr(deciding, "choice_of", odd)
    assert sent(issue).failed == 1
    assert issue.deliveries.get().reason == "compose: ValueError: a choice that cannot be read"


def test_a_known_result_survives_an_error_over_the_next_message(source, monkeypatch):
    for _ in range(2):
        make_reader()
    issue = prepared(source)
    send_now(issue, now=timezone.now())
    whole = ledger.intend
    calls = []

    def failing(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:
            raise OperationalError("deadlock detected")
        return whole(*args, **kwargs)

    monkeypatch.setattr(ledger, "intend", failing)
    with pytest.raises(OperationalError):
        drain(issue.pk)
    monkeypatch.undo()
    first, second = issue.deliveries.order_by("pk")
    assert (first.state, second.state) == (DeliveryState.SENT, DeliveryState.PENDING)
    drain(issue.pk)
    assert len(mail.outbox) == 2


def test_a_known_result_survives_an_error_over_its_consequences(settings, source, monkeypatch):
    def failing(*args, **kwargs):
        raise OperationalError("the database went away")

    monkeypatch.setattr(heeding, "suppress", failing)
    with pytest.raises(OperationalError):
        one_message({"rcpt": ["550 5.1.1 nobody"]}, settings, source)
    assert Delivery.objects.get().state == DeliveryState.FAILED


def test_an_interrupt_in_the_middle_of_a_message_leaves_it_doubtful(source, monkeypatch):
    make_reader()
    issue = prepared(source)
    send_now(issue, now=timezone.now())

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(sending, "post", interrupted)
    with pytest.raises(KeyboardInterrupt):
        drain(issue.pk)
    assert issue.deliveries.get().state == DeliveryState.AMBIGUOUS


def test_an_error_over_one_reader_does_not_hold_up_the_others(source, monkeypatch):
    for name in ("ada", "odd", "zoe"):
        make_reader(f"{name}@example.com")
    issue = prepared(source)
    send_now(issue, now=timezone.now())
    whole = deciding.choice_of

    def odd(reader, groups, now):
        if reader.email.startswith("odd"):
            raise KeyError("a choice that cannot be read")
        return whole(reader, groups, now)

    monkeypatch.setattr(deciding, "choice_of", odd)
    done = drain(issue.pk)
    assert (done.sent, done.failed) == (2, 1)
    assert "cannot be read" in Delivery.objects.get(state=DeliveryState.FAILED).reason
