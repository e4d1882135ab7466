"""Where there is a Redis server, workers are woken through it."""

import os
import time

import pytest

from tests.installation import CELERY, PATIENCE_SECONDS, SLUG, Installation
from tests.smtp import SmtpServer

READERS = 200


@pytest.mark.redis
def test_a_worker_on_redis_sends_an_issue_to_everybody_once(tmp_path):
    broker = os.environ.get("TEST_REDIS_URL")
    if not broker:
        pytest.skip("TEST_REDIS_URL names no Redis server")
    with SmtpServer() as server:
        house = Installation(tmp_path, server.port, CELERY, CELERY_BROKER_URL=broker)
        house.prepare(READERS)
        house.start(2)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(server.taken) < READERS and time.monotonic() < deadline:
            time.sleep(0.2)
        house.stop()
        taken = server.ids()
    assert len(taken) == len(set(taken)) == READERS
    assert set(house.states().values()) == {"sent"}
    assert "The books balance" in house.manage("audit_issue", SLUG)
