"""Processes that are killed or frozen at the worst moment."""

import json
import signal
from itertools import pairwise

import pytest

from newsletter.planning import BATCH
from newsletter.proving.faults import Deed, Fault, Moment
from newsletter.proving.house import Staff
from tests.faults.houses import CLAIM_LEASE_SECONDS, strike
from tests.installation import RUN_DELIVERY, Installation

READERS = 30
KILL, FREEZE = Deed.KILL, Deed.FREEZE


@pytest.mark.soak
def test_a_worker_killed_between_250_and_commit_leaves_a_doubt_and_no_second_copy(tmp_path):
    struck = strike(
        tmp_path,
        *(Fault(after, KILL, Moment.ANSWER) for after in (1, 2, 9)),
        # And before the 250, when nothing has left but the intent is committed.
        *(Fault(after, KILL, Moment.ENVELOPE) for after in (3, 12)),
        readers=READERS,
        staff=Staff(workers=2),
    )
    assert struck.faults_found == []
    verdict, later = struck.proven.verdict, struck.proven.reconciled
    assert (verdict.ambiguous, verdict.sent) == (5, READERS - 5)
    assert verdict.accepted == READERS - 2
    # The server's list tells which of the doubtful it has.
    assert (later.before, later.after, later.untrue) == (5, 0, 0)


@pytest.mark.soak
def test_a_worker_killed_with_claimed_rows_gives_them_back_after_its_lease(tmp_path):
    # One worker takes twenty rows at a time; it dies over the fifth of the first twenty.
    struck = strike(
        tmp_path, Fault(4, KILL, Moment.ENVELOPE), readers=READERS, staff=Staff(workers=1)
    )
    assert struck.faults_found == []
    verdict = struck.proven.verdict
    assert (verdict.sent, verdict.ambiguous) == (READERS - 1, 1)
    pauses = [after - before for before, after in pairwise(struck.moments)]
    assert max(pauses) > CLAIM_LEASE_SECONDS / 4, "nobody else had what the dead worker held"


FAN_OUT = """
import json, os, signal, time
from datetime import timedelta
from django.db import connection
from django.utils import timezone
from newsletter import ticking
from newsletter.models import Issue
from newsletter.planning import plan
from subscribers.models import Subscriber
from tests.factories import make_issue

now = timezone.now()
Subscriber.objects.bulk_create(
    Subscriber(email=f"reader{n}@example.com", state="active", confirmed_at=now)
    for n in range(%(readers)d)
)
issues = [make_issue(end=now.date() - timedelta(days=n)) for n in range(%(kills)d + 1)]
Issue.objects.update(state="approved", approved_at=now)
began = time.monotonic()
plan(issues.pop(), now=now)
whole = time.monotonic() - began


def rows_after_a_kill(issue, seconds):
    connection.close()
    getattr(connection, "close_pool", lambda: None)()
    child = os.fork()
    if child == 0:
        plan(issue, now=now)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    issue.refresh_from_db()
    return [os.waitstatus_to_exitcode(status), issue.state, issue.deliveries.count()]


found = [rows_after_a_kill(issue, whole * n / %(kills)d) for n, issue in enumerate(issues)]
ticking.tick(timezone.now())
planned = {(one.state, one.audience, one.deliveries.count()) for one in Issue.objects.all()}
print(json.dumps([found, sorted(planned)]))
"""


@pytest.mark.soak
def test_a_planner_killed_in_the_fan_out_leaves_all_rows_or_none(tmp_path, engine):
    everybody = BATCH + 500
    house = Installation(tmp_path, 1, RUN_DELIVERY, **engine)
    house.migrate()
    program = FAN_OUT % {"readers": everybody, "kills": 8}
    found, planned = json.loads(house.manage("shell", "--verbosity=0", "-c", program))
    none, all_ = ("approved", 0), ("sending", everybody)
    assert {(state, rows) for _, state, rows in found} <= {none, all_}
    assert [-signal.SIGKILL, *none] in found, "some died before their commit"
    # The next tick plans all of them, whole.
    assert planned == [["sending", everybody, everybody]]


@pytest.mark.soak
def test_a_worker_frozen_beyond_its_lease_begins_nothing_that_is_not_its_own(tmp_path):
    # Meanwhile the third worker gets the rows that the frozen ones had claimed.
    struck = strike(
        tmp_path,
        Fault(2, FREEZE, Moment.ANSWER),
        Fault(3, FREEZE, Moment.ENVELOPE),
        readers=2 * READERS,
        staff=Staff(workers=3),
    )
    assert struck.faults_found == []
    verdict = struck.proven.verdict
    assert verdict.accepted == 2 * READERS
    # Who was frozen before the dot settles what it then sent, though it was called doubtful
    # meanwhile; the proof may end before the one who had its answer comes back to write it down.
    assert verdict.ambiguous <= 1
