"""Whether the time of an answer tells who reads here: a thousand pairs of addresses.

    ./run test tests/benchmarks/test_enumeration.py -m benchmark -s

Over a real gunicorn and its database, because that is where time would tell.
"""

import http.client
import random
import statistics
import time
from urllib.parse import urlencode

import pytest

from tests.site import Site

PAIRS = 1_000
MEDIAN_DIFFERENCE_SECONDS = 0.005
KNOWN = """
from django.utils import timezone
from subscribers.models import Subscriber
states = ["active", "pending", "unsubscribed", "suppressed"]
now = timezone.now()
Subscriber.objects.bulk_create(
    Subscriber(
        email=f"known{n:04}@example.com",
        state=states[n %% 4],
        confirmed_at=None if n %% 4 == 1 else now,
        suppression="bounced" if n %% 4 == 3 else "",
    )
    for n in range(%d)
)
"""
HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}

pytestmark = pytest.mark.benchmark


def ask(connection: http.client.HTTPConnection, email: str) -> tuple[float, int, bytes]:
    """Subscribe an address; return the seconds it took, the status and the page without it."""
    fields = urlencode({"email": email, "wants_daily": "on", "which": "all"})
    start = time.perf_counter()
    connection.request("POST", "/", fields, HEADERS)
    answer = connection.getresponse()
    body = answer.read()
    return time.perf_counter() - start, answer.status, body.replace(email.encode(), b"")


def test_an_answer_does_not_tell_by_its_time_who_reads_here(tmp_path):
    site = Site(
        tmp_path,
        MIN_FORM_SECONDS="0",
        SIGN_UPS_PER_NETWORK="1000000",
        SIGN_UPS_PER_HOUR="1000000",
        CHECK_MX="off",
    )
    site.prepare()
    site.house.manage("shell", "--verbosity=0", "-c", KNOWN % PAIRS)
    chance = random.Random(2026)
    differences, answers = [], set()
    with site:
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
        for number in range(PAIRS):
            pair = [f"known{number:04}@example.com", f"stranger{number:04}@example.com"]
            # Who comes first must not matter.
            seconds = {}
            for email in chance.sample(pair, 2):
                seconds[email], status, body = ask(connection, email)
                answers.add((status, body))
            differences.append(seconds[pair[0]] - seconds[pair[1]])
        connection.close()
    median = statistics.median(differences)
    print(f"\n{PAIRS} pairs: median difference {median * 1e3:+.3f} ms, {len(answers)} answer")
    assert len(answers) == 1
    assert {status for status, _body in answers} == {200}
    assert abs(median) < MEDIAN_DIFFERENCE_SECONDS
