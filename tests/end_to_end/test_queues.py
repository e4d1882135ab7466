"""Real workers: people do not wait behind issues, and a word to stop is heeded at once."""

import os
import re
import threading
import time

import pytest

from config import serving
from tests.installation import CELERY, PATIENCE_SECONDS, SLUG, Installation
from tests.smtp import SmtpServer

READERS = 200
# The threads of the worker for issues, all of which are to be busy.
THREADS = 4
# "Within seconds": a tick is a minute away, so it was not the tick that helped.
SOON_SECONDS = 20
NEWCOMER = "newcomer@example.com"
SIGN_UP = f"""
from django.utils import timezone
from subscribers.choices import Choices
from subscribers.models import ConsentEvent
from subscribers.signing_up import take
take("{NEWCOMER}", Choices(), now=timezone.now(), origin=ConsentEvent.Origin.FORM)
"""


def wait_until(condition, seconds=PATIENCE_SECONDS):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(params=["folder", pytest.param("redis", marks=pytest.mark.redis)])
def broker(request):
    if request.param == "folder":
        return {}
    url = os.environ.get("TEST_REDIS_URL")
    if not url:
        pytest.skip("TEST_REDIS_URL names no Redis server")
    return {"CELERY_BROKER_URL": url}


def test_a_confirmation_goes_out_while_every_drain_is_busy_and_then_the_issue(tmp_path, broker):
    with SmtpServer() as server:
        house = Installation(
            tmp_path,
            server.port,
            (),
            **broker,
            # The first tick wakes as many drains as there are threads; no other one follows.
            DRAINS_PER_ISSUE=str(THREADS),
            TICK_SECONDS="3600",
            EMAIL_FINAL_TIMEOUT="300",
            INTENT_LEASE_SECONDS="300",
            CHECK_MX="off",
        )
        house.prepare(READERS)
        released = threading.Event()
        held = []

        def hold_issues(recipient: str) -> None:
            if recipient != NEWCOMER:
                held.append(recipient)
                released.wait(PATIENCE_SECONDS)

        server.on_taken = hold_issues
        programs = serving.workers(house.environment, log_level="ERROR")
        try:
            for program in programs:
                program.start()
            house.manage("shell", "--verbosity=0", "-c", WAKE)
            wait_until(lambda: len(held) == THREADS)
            house.manage("shell", "--verbosity=0", "-c", SIGN_UP)
            wait_until(lambda: NEWCOMER in [to for to, _ in server.taken], SOON_SECONDS)
            assert len(held) == THREADS, "every drain was busy all the while"
            released.set()
            wait_until(lambda: len(server.taken) == READERS + 1)
        finally:
            released.set()
            serving.stop_all(programs)
    assert len(set(server.ids())) == READERS + 1, "somebody got it twice"
    assert set(house.states().values()) == {"sent"}
    assert "The books balance" in house.manage("audit_issue", SLUG)


WAKE = "from newsletter import tasks; [tasks.wake(1) for _ in range(4)]"


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_worker_that_is_told_to_stop_sends_the_message_in_hand_and_gives_back_the_rest(
    tmp_path, pool
):
    command = [re.sub("^--pool=.*", f"--pool={pool}", word) for word in CELERY]
    with SmtpServer() as server:
        house = Installation(
            tmp_path,
            server.port,
            tuple(command),
            # Nobody but the worker itself may tidy up.
            CLAIM_LEASE_SECONDS="300",
            EMAIL_FINAL_TIMEOUT="300",
            INTENT_LEASE_SECONDS="300",
        )
        house.prepare(READERS)
        server.on_taken = lambda recipient: time.sleep(0.3)
        house.start(1)
        wait_until(lambda: len(server.taken) >= 10)
        (worker,) = house.workers
        worker.terminate()
        worker.wait(timeout=15)
        states = house.states()
        taken = server.ids()
    sent = {uid for uid, state in states.items() if state == "sent"}
    assert set(states.values()) == {"sent", "pending"}
    assert sent == set(taken)
    assert len(taken) < 100, "it stopped long before its round was over"
    assert "The books balance" in house.manage("audit_issue", SLUG)
