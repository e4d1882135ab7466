"""Brokers that die or forget, tasks that come twice, workers that do not listen."""

import inspect
import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from django.core import mail
from django.utils import timezone

from config.celery import app
from config.serving import Program, revive
from newsletter.proving.faults import Deed, Fault
from newsletter.proving.house import Staff
from newsletter.proving.servers import Broker, Redis
from newsletter.steering import send_now
from newsletter.ticking import close_finished
from tests.factories import make_reader, make_source
from tests.faults.houses import strike
from tests.faults.reckoning import reckon
from tests.installation import PATIENCE_SECONDS, ROOT, Installation
from tests.sends import prepared

READERS = 30
# Rows are due in so many waves: the first at once, each other one when a fault has struck.
WAVES = 3
HOLD_BACK = "UPDATE newsletter_delivery SET due_at = datetime(due_at, '+1 day') WHERE id % ? > 0"
LET_COME = "UPDATE newsletter_delivery SET due_at = datetime('now') WHERE id % ? = ?"
UNDER_WAY = """
SELECT count(*) FROM newsletter_delivery
WHERE state IN ('pending', 'claimed', 'sending') AND due_at < datetime('now', '+1 hour')
"""


class BetweenWaves(Broker):
    """A broker that loses all it has while nobody sends; then the next wave is due.

    So what is sent afterwards was woken through it afterwards.
    """

    def __init__(self, broker, folder):
        self.broker = broker
        self.environment = broker.environment
        self.ledger = folder / "broadsheet.sqlite3"
        self.wave = 0

    def ask(self, statement, *values):
        with closing(sqlite3.connect(self.ledger, timeout=PATIENCE_SECONDS)) as ledger, ledger:
            return ledger.execute(statement, values).fetchall()

    def hold_back(self, crew):
        self.crew = crew
        self.ask(HOLD_BACK, WAVES)

    def kill(self):
        self.lose_by(self.broker.kill)

    def flush(self):
        self.lose_by(self.broker.flush)

    def lose_by(self, deed):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.ask(UNDER_WAY) != [(0,)]:
            assert time.monotonic() < deadline, "a wave comes to no end"
            self.crew.revive()
            time.sleep(0.05)
        deed()
        self.wave += 1
        self.ask(LET_COME, WAVES, self.wave)

    def close(self):
        self.broker.close()


@pytest.mark.soak
@pytest.mark.redis
def test_a_broker_that_is_killed_or_flushed_costs_no_more_than_a_tick(tmp_path):
    if not Redis.is_here():
        pytest.skip("redis-server is not installed")
    made = []

    def broker(folder):
        made.append(BetweenWaves(Redis(folder), folder))
        return made[0]

    # A house ticks once a second, and is given up where nothing moves for a minute.
    struck = strike(
        tmp_path,
        Fault(READERS // 6, Deed.KILL_BROKER),
        Fault(READERS // 2, Deed.FLUSH_BROKER),
        readers=READERS,
        staff=Staff(workers=2, celery=True, pool="threads"),
        broker=broker,
        before=lambda house, crew: made[0].hold_back(crew),
        restarts=True,
    )
    assert struck.faults_found == []
    verdict = struck.proven.verdict
    assert (verdict.sent, verdict.ambiguous) == (READERS, 0)


@pytest.mark.django_db
def test_tasks_that_come_twice_or_late_do_no_harm(workers):
    for _ in range(3):
        make_reader()
    issue = prepared(make_source())
    send_now(issue, now=timezone.now())
    newcomer = make_reader(welcome_due_at=timezone.now())
    known = {"issue_id": issue.pk, "subscriber_id": newcomer.pk}
    tasks = [task for name, task in app.tasks.items() if name.startswith("newsletter.")]
    calls = [
        (task, [known[word] for word in inspect.signature(task.run).parameters]) for task in tasks
    ]
    assert len(calls) >= 5
    five_times = calls * 5
    random.Random(14).shuffle(five_times)
    # Then all of them once more, long after the issue is over.
    for late in (False, True):
        for task, arguments in five_times:
            task.apply_async(args=arguments)
        assert close_finished(timezone.now()) == 0, "a drain has closed it"
        reckon(issue, [message.to[0] for message in mail.outbox], sent=4)
        assert issue.state == "sent", late


# A worker whose consumer never takes a message, or one that does; both look at themselves
# all the time.
WORKER = """
import sys
from kombu.transport import redis
from config import celery, folder_queue, listening
listening.LOOK_SECONDS = 0.2
ears = sys.argv.pop(1)
if ears == "deaf":
    def nothing(*args, **kwargs):
        from queue import Empty
        raise Empty
    folder_queue.Channel._get = nothing
    redis.Channel._brpop_start = lambda *args, **kwargs: None
celery.GRACE_SECONDS = 1
celery.app.worker_main(
    ["worker", "--pool=threads", "--concurrency=2", "--loglevel=critical"]
    + [f"--hostname={ears}@%h"]
)
"""
ASK = """
from newsletter.models import Heartbeat
print(*Heartbeat.objects.values_list("worker", flat=True))
"""


@pytest.mark.soak
@pytest.mark.parametrize("broker", ["folder", pytest.param("redis", marks=pytest.mark.redis)])
def test_a_worker_that_lives_but_takes_no_task_is_noticed_and_replaced(broker, tmp_path):
    environment = {"WORKER_PATIENCE_SECONDS": "3"}
    if broker == "redis":
        if not (url := os.environ.get("TEST_REDIS_URL")):
            pytest.skip("TEST_REDIS_URL names no Redis server")
        environment["CELERY_BROKER_URL"] = url
    house = Installation(tmp_path, 1, (), **environment)
    house.prepare(readers=3)
    said = tmp_path / "said"
    script = ["/bin/sh", "-c", f'exec "$@" 2>>{said}', "sh", sys.executable, "-c", WORKER]
    deaf, hearing = (
        Program(f"{ears} worker", [*script, ears], house.environment)
        for ears in ("deaf", "hearing")
    )
    words = []
    try:
        for worker in (deaf, hearing):
            worker.start()
        deaf.process.wait(PATIENCE_SECONDS)
        assert "no task has arrived here" in said.read_text()
        # Its supervisor starts it again, and has no reason to touch the other.
        revive([deaf, hearing], words.append)
        assert deaf.ended is hearing.ended is None
        assert [sentence.partition(" ended")[0] for sentence in words] == ["The deaf worker"]
    finally:
        for worker in (deaf, hearing):
            worker.make_sure(0)
    assert house.manage("shell", "--verbosity=0", "-c", ASK).startswith("hearing@")
    # Meanwhile nobody has sent what was due, and monitoring hears of it.
    alarm = subprocess.run(
        [sys.executable, "manage.py", "check_workers", "--minutes=0"],
        cwd=ROOT,
        env=house.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert alarm.returncode
    assert "messages are due since" in alarm.stderr
