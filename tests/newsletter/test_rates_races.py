"""Many workers that draw from one bucket in the same moment, each with a connection of its own."""

import threading
from collections import Counter

import pytest
from django.db import connection, connections

from newsletter import rates
from newsletter.mailers import Mailer
from newsletter.models import DomainTurn, MailerState
from newsletter.rates import Waiting
from tests.newsletter.paces import assert_paced
from tests.subscribers.races import elsewhere

WORKERS = 8
PATIENCE_SECONDS = 30


@pytest.fixture
def at_once(transactional_db, tmp_path):
    """Return a function that lets all workers do the same, and returns what each found."""

    def together(work):
        start, found = threading.Barrier(WORKERS), []

        def working(number):
            if connection.vendor == "sqlite":
                # Threads share what tests keep in memory; a real installation has a file.
                connections["default"] = opened(tmp_path)
            start.wait(timeout=PATIENCE_SECONDS)
            found.append(work(number))

        threads = [elsewhere(lambda n=number: working(n)) for number in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=PATIENCE_SECONDS)
        assert len(found) == WORKERS
        return found

    if connection.vendor == "sqlite":
        file = opened(tmp_path)
        with file.schema_editor() as editor:
            editor.create_model(MailerState)
            editor.create_model(DomainTurn)
        file.close()
    return together


def opened(folder):
    found = connections.create_connection("default")
    found.settings_dict = {**found.settings_dict, "NAME": folder / "shared.sqlite3"}
    return found


def test_a_days_allowance_is_given_to_all_workers_together_and_once(at_once):
    mailer = Mailer("main", "some.Backend", per_day=100)

    def work(number):
        granted = 0
        while grant := rates.take(mailer, 1 + number).granted:
            granted += grant
        return granted

    assert sum(at_once(work)) == 100


def test_what_workers_give_back_is_neither_lost_nor_there_twice(at_once):
    mailer = Mailer("main", "some.Backend", per_day=40)

    def work(number):
        used = 0
        while (grant := rates.take(mailer, 10)).granted:
            rates.give_back(mailer, grant, grant.granted - 1)
            used += 1
        return used

    assert sum(at_once(work)) == 40


def test_all_workers_together_are_no_faster_than_a_mailers_rate(at_once):
    rate = 200
    mailer = Mailer("main", "some.Backend", per_second=rate)
    found = at_once(lambda number: [rates.take(mailer, 20) for _ in range(30)])
    grants = [grant for worker in found for grant in worker]
    first = min(grant.at for grant in grants)
    begun = [((grant.at - first).total_seconds(), grant.granted) for grant in grants]
    assert_paced(begun, rate, burst=rate)
    assert sum(count for _second, count in begun) >= rate


def test_workers_with_the_same_domains_give_each_row_a_moment_of_its_own(at_once):
    domains = ["a.example", "b.example", "c.example"]
    mailer = Mailer("main", "some.Backend", by_domain=dict.fromkeys(domains, 0.5))

    def work(number):
        turned = domains[number % 3 :] + domains[: number % 3]
        later = {}
        for row in range(10):
            rows = {1000 * number + 10 * row + n: Waiting(name) for n, name in enumerate(turned)}
            later |= {(rows[pk].domain, due): pk for pk, due in rates.turns(mailer, rows).items()}
        return later

    found = at_once(work)
    put_off = Counter(key for worker in found for key in worker)
    assert set(put_off.values()) == {1}, "no two rows of a domain come back at one time"
    gone = WORKERS * 30 - len(put_off)
    assert gone == len(domains), "a queue at once, and nobody passes it"
