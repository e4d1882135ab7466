"""What limits cost a message: a claim's worth taken from a bucket, and called up at a domain.

Run it, alone on the machine, with

    ./run test tests/benchmarks/test_rates.py -m benchmark -s

It is the database's commits that cost, so on SQLite it needs a file; each engine has its own
figure, and DATABASE_URL says which is measured.
"""

import time
from collections.abc import Callable

import pytest
from django.db import connection, connections

from newsletter import rates
from newsletter.mailers import Mailer
from newsletter.models import DomainTurn, MailerState
from newsletter.rates import Waiting

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db(transaction=True)]
ROWS_A_CLAIM = 20
CALLS = 200
# The best of several rounds is what the work costs; the others measure the neighbours.
ROUNDS = 5
LIMIT_MICROSECONDS = 1_000.0


@pytest.fixture(autouse=True)
def on_disk(tmp_path):
    """Give SQLite a file, as an installation has one."""
    before = connections["default"]
    if connection.vendor == "sqlite":
        found = connections.create_connection("default")
        found.settings_dict = {**found.settings_dict, "NAME": tmp_path / "bench.sqlite3"}
        connections["default"] = found
        with found.schema_editor() as editor:
            editor.create_model(MailerState)
            editor.create_model(DomainTurn)
    yield
    if connections["default"] is not before:
        connections["default"].close()
        connections["default"] = before


def microseconds_a_message(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(CALLS):
            work()
        best = min(best, time.perf_counter() - start)
    return best / CALLS / ROWS_A_CLAIM * 1e6


@pytest.mark.parametrize("domains", [1, 3])
def test_calling_up_a_claim_at_limited_domains(domains):
    names = [f"mail{number}.example" for number in range(domains)]
    mailer = Mailer("main", "some.Backend", by_domain=dict.fromkeys(names, 10_000.0))
    rows = {pk: Waiting(names[pk % domains]) for pk in range(ROWS_A_CLAIM)}
    found = microseconds_a_message(lambda: rates.turns(mailer, rows))
    print(f"\n{connection.vendor}: turns, {domains} domains: {found:.1f} µs a message")
    assert found < LIMIT_MICROSECONDS


def test_taking_a_claim_from_a_bucket():
    mailer = Mailer("main", "some.Backend", per_second=10_000.0, per_day=100_000_000)
    found = microseconds_a_message(lambda: rates.take(mailer, ROWS_A_CLAIM))
    print(f"\n{connection.vendor}: take: {found:.1f} µs a message")
    assert found < LIMIT_MICROSECONDS


def test_a_mailer_without_limits():
    mailer = Mailer("main", "some.Backend")
    rows = {pk: Waiting("mail.example") for pk in range(ROWS_A_CLAIM)}
    found = microseconds_a_message(
        lambda: (rates.take(mailer, ROWS_A_CLAIM), rates.turns(mailer, rows))
    )
    print(f"\n{connection.vendor}: without limits: {found:.2f} µs a message")
    assert found < 1
