"""A worker that lives but takes no tasks ends by itself, so that its supervisor starts another."""

import os
import signal
import subprocess
import sys

import pytest

from tests.installation import PATIENCE_SECONDS, ROOT, Installation

# A worker whose consumer never takes a message, and looks at itself all the time.
DEAF = """
import sys
from kombu.transport import redis
from config import celery, folder_queue, listening
listening.LOOK_SECONDS = 0.2
if sys.argv.pop(1) == "deaf":
    def nothing(*args, **kwargs):
        from queue import Empty
        raise Empty
    folder_queue.Channel._get = nothing
    redis.Channel._brpop_start = lambda *args, **kwargs: None
celery.GRACE_SECONDS = 1
celery.app.worker_main(
    ["worker", "--pool=threads", "--concurrency=2", "--loglevel=critical"]
)
"""


@pytest.fixture(params=["folder", pytest.param("redis", marks=pytest.mark.redis)])
def house(request, tmp_path):
    environment = {"WORKER_PATIENCE_SECONDS": "3"}
    if request.param == "redis":
        if not (url := os.environ.get("TEST_REDIS_URL")):
            pytest.skip("TEST_REDIS_URL names no Redis server")
        environment["CELERY_BROKER_URL"] = url
    house = Installation(tmp_path, 1, (), **environment)
    house.manage("migrate", "--verbosity=0")
    return house


def start(house, ears):
    return subprocess.Popen(
        [sys.executable, "-c", DEAF, ears],
        cwd=ROOT,
        env=house.environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_worker_that_takes_no_task_ends(house):
    worker = start(house, "deaf")
    _, said = worker.communicate(timeout=PATIENCE_SECONDS)
    assert "no task has arrived here" in said


def test_one_that_takes_them_lives_and_leaves_its_heartbeat(house):
    worker = start(house, "hearing")
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(timeout=12)
    os.killpg(worker.pid, signal.SIGTERM)
    worker.communicate(timeout=PATIENCE_SECONDS)
    ask = "from newsletter.models import Heartbeat; print(Heartbeat.objects.get().worker)"
    assert "@" in house.manage("shell", "--verbosity=0", "-c", ask)
