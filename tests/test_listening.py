"""A worker at which no task arrives any more ends; one whose broker is away does not."""

import os
import signal
import subprocess
import sys

import pytest

from config.listening import EXIT_CODE, Listener


@pytest.fixture
def house():
    return House()


class House:
    """A listener with a clock, a broker that may be away, and a worker that may be deaf."""

    def __init__(self) -> None:
        self.now, self.sent, self.ended = 0.0, 0, 0
        self.away = self.deaf = False
        self.listener = Listener(self.send, self.end, patience=600, clock=lambda: self.now)

    def send(self) -> None:
        if self.away:
            raise OSError("connection refused")
        self.sent += 1
        if not self.deaf:
            self.listener.heard()

    def end(self) -> None:
        self.ended += 1

    def minutes(self, count: int) -> None:
        for _ in range(count):
            self.now += 60
            self.listener.look()


def test_a_worker_that_takes_tasks_asks_itself_every_minute_and_lives(house):
    house.minutes(60)
    assert (house.sent, house.ended) == (60, 0)


def test_a_worker_that_takes_none_ends_after_its_patience_and_asks_once(house):
    house.deaf = True
    house.minutes(11)
    assert (house.sent, house.ended) == (1, 0)
    house.minutes(1)
    assert house.ended == 1


def test_any_task_is_a_sign_of_life(house):
    house.deaf = True
    house.minutes(10)
    house.listener.heard(sender=None, request=None)
    house.minutes(10)
    assert house.ended == 0


def test_a_broker_that_is_away_ends_nobody(house):
    house.away = True
    house.minutes(1_000)
    assert house.ended == 0


@pytest.mark.parametrize("handler", ["signal.SIG_IGN", "signal.SIG_DFL"])
def test_ending_is_polite_and_then_certain(handler):
    words = (
        f"import signal; from config.listening import end; signal.signal(15, {handler}); end(0.1)"
    )
    done = subprocess.run([sys.executable, "-c", words], check=False, env=dict(os.environ))
    assert done.returncode == (EXIT_CODE if "IGN" in handler else -signal.SIGTERM)
