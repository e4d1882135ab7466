"""Eight beats at once: every issue is planned by one of them, and nobody is entered twice."""

import pytest

from tests.installation import RUN_DELIVERY, Installation

TICKERS = 8
ISSUES = 12
READERS = 40
PREPARE = f"""
from datetime import timedelta
from django.utils import timezone
from subscribers.models import Subscriber
from tests.factories import make_approved_issue, make_source

now = timezone.now()
source = make_source()
Subscriber.objects.bulk_create(
    Subscriber(email=f"reader{{n}}@example.com", state="active", confirmed_at=now)
    for n in range({READERS})
)
for number in range({ISSUES}):
    make_approved_issue(source, end=now.date() - timedelta(days=number))
"""
TICK = f"""
import multiprocessing
from django.db import connection
from django.utils import timezone
from newsletter import ticking

connection.close()
getattr(connection, "close_pool", lambda: None)()
ready = multiprocessing.Barrier({TICKERS})

def tick():
    ready.wait()
    for _ in range(3):
        ticking.tick(timezone.now())

fork = multiprocessing.get_context("fork")
tickers = [fork.Process(target=tick) for _ in range({TICKERS})]
for one in tickers:
    one.start()
for one in tickers:
    one.join()
print([one.exitcode for one in tickers])
"""
ASK = """
from django.db.models import Count
from newsletter.models import Delivery, Issue, LedgerMark
print(list(Issue.objects.values_list("state", "audience").annotate(n=Count("pk")).order_by("n")))
print(Delivery.objects.count(), LedgerMark.objects.get().number)
"""


def eight_tickers(folder, **environment):
    house = Installation(folder, 1, RUN_DELIVERY, **environment)
    house.manage("migrate", "--verbosity=0")
    house.manage("shell", "--verbosity=0", "-c", PREPARE)
    assert house.manage("shell", "--verbosity=0", "-c", TICK).strip() == str([0] * TICKERS)
    states, counts = house.manage("shell", "--verbosity=0", "-c", ASK).strip().splitlines()
    assert states == str([("sending", READERS, ISSUES)])
    assert counts == f"{ISSUES * READERS} {TICKERS * 3}"


def test_eight_tickers_plan_every_issue_once_on_sqlite(tmp_path):
    eight_tickers(tmp_path)


@pytest.mark.postgres
def test_eight_tickers_plan_every_issue_once_on_postgres(tmp_path, postgres_database):
    eight_tickers(tmp_path, DATABASE_URL=postgres_database, SECRET_KEY="made-up-for-this-test")
