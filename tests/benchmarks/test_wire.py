"""How many messages of real size leave in a second: ledger, composing and SMTP on loopback.

Run it, alone on the machine, with

    TEST_POSTGRES_URL=… ./run test tests/benchmarks/test_wire.py -m benchmark -s
"""

import resource

import pytest
from django.core.mail import EmailMultiAlternatives

from newsletter.composing import ComposedMail, Composer
from newsletter.messages import Envelope, message_for
from newsletter.rendering import render_issue
from newsletter.wire import WireMessage
from subscribers.audience import Choice
from tests import samples
from tests.benchmarks.house import due
from tests.benchmarks.sink import Sink
from tests.benchmarks.test_composing import STORIES, best_microseconds
from tests.mails import LINKS
from tests.newsletter.test_wire import envelope

MESSAGES = 8_000
# What two cores do, sink and database on the same: the goal of the delivery.
LEAST_A_SECOND = {"postgres": 1_000, "sqlite": 800}
WORKERS = 4
TIMES = 50
LIMIT_MICROSECONDS = 300.0


@pytest.mark.benchmark
@pytest.mark.parametrize("window", [1, 5, 20])
@pytest.mark.parametrize("workers", [1, WORKERS])
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_messages_a_second(engine, workers, window, tmp_path):
    with Sink() as sink:
        setting = {"INTENTS_PER_COMMIT": str(window)}
        with due(tmp_path, sink.port, MESSAGES, engine, **setting) as house:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            house.start(workers)
            for worker in house.workers:
                worker.wait()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"\n{engine}, {workers} workers, {window} intents a commit: "
        f"{sink.summary.a_second:,.0f} messages of {sink.summary.octets:,} octets a second; "
        f"{spent / MESSAGES * 1_000:.2f} ms of a worker's time a message"
    )
    assert sink.summary.count == sink.summary.different == MESSAGES
    if workers == WORKERS:
        assert sink.summary.a_second >= LEAST_A_SECOND[engine]


@pytest.mark.benchmark
def test_a_message_is_made_in_less_than_300_microseconds():
    composer = Composer(render_issue(samples.daily(STORIES)))
    composition = composer.compose(Choice.everything())
    outside = envelope()

    def wired() -> None:
        for _ in range(TIMES):
            cover = message_for(outside, ComposedMail("", ""))
            WireMessage(cover, composition, LINKS).as_bytes()

    def usual() -> None:
        for _ in range(TIMES):
            octets(outside, composition.mail(LINKS))

    fast, slow = best_microseconds(wired, TIMES), best_microseconds(usual, TIMES)
    print(f"\n{STORIES} stories: {fast:.0f} µs to make a message's octets; Django's {slow:,.0f} µs")
    assert fast <= LIMIT_MICROSECONDS


def octets(outside: Envelope, mail: ComposedMail) -> bytes:
    message: EmailMultiAlternatives = message_for(outside, mail)
    return bytes(message.message().as_bytes())
