"""A domain's queue, with workers and a clock that are made up."""

import heapq
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.rates.queues import FARTHEST, Queue, bucket_of, call_up
from tests.newsletter.paces import assert_paced

SEVEN = datetime(2026, 11, 20, 7, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ROWS_A_CLAIM = 20
CLAIM_SECONDS = 0.004
HALF_AN_HOUR = 1_800


class Office:
    """Workers who claim rows of one domain as they become due, by a clock that is made up."""

    def __init__(self, rate: float, *, workers: int = 4, look: float = 0.1) -> None:
        self.rate, self.workers, self.look = rate, workers, look
        self.random = Random(2026)
        self.queue = Queue()
        self.due: list[tuple[float, int]] = []
        self.put_off: Counter[int] = Counter()
        self.begun: dict[int, float] = {}
        self.now = 0.0

    def add(self, rows):
        for row in rows:
            heapq.heappush(self.due, (self.now, row))

    def work(self, until=float("inf")):
        """Let all workers claim until nothing waits, or until then."""
        free = [self.now + self.random.random() * self.look for _ in range(self.workers)]
        while self.due and (now := heapq.heappop(free)) < until:
            self.now = now
            heapq.heappush(free, now + (CLAIM_SECONDS if self.claim() else self.pause()))

    def pause(self) -> float:
        return self.look * (0.5 + self.random.random())

    def claim(self) -> bool:
        mine: dict[int, bool] = {}
        while self.due and self.due[0][0] <= self.now and len(mine) < ROWS_A_CLAIM:
            row = heapq.heappop(self.due)[1]
            mine[row] = self.put_off[row] > 0
        moment = SEVEN + timedelta(seconds=self.now)
        self.queue, later = call_up(self.queue, mine, self.rate, moment)
        for row, due in later.items():
            assert due > moment
            self.put_off[row] += 1
            heapq.heappush(self.due, ((due - SEVEN).total_seconds(), row))
        self.begun |= dict.fromkeys(mine.keys() - later.keys(), self.now)
        return bool(mine)

    def assert_paced(self):
        times = ((second, 1) for second in self.begun.values())
        assert_paced(times, self.rate, burst=bucket_of(self.rate)[0].burst)


@pytest.mark.parametrize(
    ("rows", "rate", "look"),
    [(10_000, 100, 0.1), (10_000, 10, 0.5), (10_000, 10, 1.0), (300, 0.1, 1.0), (300, 1.5, 1.0)],
)
def test_thousands_of_rows_leave_at_the_rate_and_are_put_off_once(rows, rate, look):
    office = Office(rate, look=look)
    office.add(range(rows))
    office.work()
    office.assert_paced()
    assert len(office.begun) == rows
    assert max(office.put_off.values()) <= 2
    assert sum(office.put_off.values()) <= 1.5 * rows
    assert rows / rate * 0.95 <= office.now <= rows / rate * 1.02


def test_after_an_hour_in_which_nobody_sent_no_more_leaves_than_the_rate_lets():
    office = Office(10)
    office.add(range(10_000))
    office.work(until=100)
    office.now = 3_700
    office.work()
    office.assert_paced()
    assert office.now <= 3_700 + 900 * 1.02
    assert max(office.put_off.values()) <= 3


def test_a_queue_longer_than_is_planned_ahead_empties_at_the_rate_all_the_same():
    office = Office(5, look=1.0)
    rows = 3 * 5 * HALF_AN_HOUR
    office.add(range(rows))
    office.work()
    office.assert_paced()
    assert office.now <= rows / 5 * 1.02
    assert max(office.put_off.values()) <= 4


def test_one_worker_that_is_slow_wastes_nothing_of_the_rate():
    office = Office(2, workers=1, look=2.0)
    office.add(range(1_000))
    office.work()
    office.assert_paced()
    assert office.now <= 1_000 / 2 * 1.1
    assert sum(office.put_off.values()) <= 1.5 * 1_000


def test_who_is_new_goes_behind_those_who_wait():
    office = Office(10)
    office.add(range(1_000))
    office.work(until=10)
    office.add(range(1_000, 1_100))
    office.work()
    office.assert_paced()
    assert max(office.begun[row] for row in range(1_000)) < min(
        office.begun[row] for row in range(1_000, 1_100)
    )


def test_rows_that_never_come_back_hold_up_the_others_for_half_an_hour_at_most():
    office = Office(1, look=1.0)
    office.add(range(20_000))
    office.work(until=60)
    office.due.clear()  # their issue was cancelled
    office.add(range(20_000, 20_010))
    office.work()
    office.assert_paced()
    assert office.now <= 60 + HALF_AN_HOUR + 20


def test_a_row_now_and_then_does_not_wait_for_rows_that_never_come_back():
    office = Office(1)
    office.add(range(20_000))
    office.work(until=60)
    office.due.clear()
    for row in range(20_000, 20_010):
        office.now += 3
        office.add([row])
        office.work()
    assert not any(office.put_off[row] for row in range(20_000, 20_010))


@given(
    st.floats(0.01, 50),
    st.lists(
        st.tuples(
            st.one_of(st.floats(0, 3), st.floats(0, 4000)), st.lists(st.booleans(), max_size=20)
        ),
        max_size=40,
    ),
)
def test_whoever_says_what_of_having_waited_the_rate_holds_and_all_get_a_later_time(rate, calls):
    queue, now, begun = Queue(), 0.0, []
    for seconds, rows in calls:
        now += seconds
        moment = SEVEN + timedelta(seconds=now)
        queue, later = call_up(queue, dict(enumerate(rows)), rate, moment)
        begun.append((now, len(rows) - len(later)))
        assert all(moment < due <= moment + FARTHEST for due in later.values())
    assert_paced(begun, rate, burst=bucket_of(rate)[0].burst)


def test_who_waited_goes_before_who_is_new_within_one_claim():
    queue, _ = call_up(Queue(), dict.fromkeys(range(20), False), 1, SEVEN)
    _, later = call_up(queue, {1: False, 2: False, 3: True}, 1, SEVEN + 60 * SECOND)
    assert later.keys() == {1, 2}
