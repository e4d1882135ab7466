"""Workers do not look through what they imported again and again."""

import pytest

from tests.installation import Installation

BY_HAND = """
import gc
from newsletter.management.commands.run_delivery import Command
Command().run_from_argv(["manage.py", "run_delivery", "--once"])
print(gc.get_freeze_count())
"""
BY_CELERY = """
import gc
from celery.signals import {signal}
from config.celery import app
from unittest.mock import patch
with patch("config.celery.Listener"):
    {signal}.send(sender=type("Consumer", (), {{"hostname": "worker@here"}}))
print(gc.get_freeze_count())
"""
# Django alone makes as many.
OBJECTS = 50_000


@pytest.mark.parametrize(
    "start",
    [
        BY_HAND,
        BY_CELERY.format(signal="worker_ready"),
        BY_CELERY.format(signal="worker_process_init"),
    ],
    ids=["run_delivery", "a worker of threads", "a child of a worker"],
)
def test_a_worker_leaves_alone_what_stays(start, tmp_path):
    house = Installation(tmp_path, 9, ())
    house.migrate()
    frozen = int(house.manage("shell", "--verbosity=0", "-c", start))
    assert frozen > OBJECTS


def test_no_process_looks_for_garbage_again_and_again_while_it_starts(tmp_path):
    start = "import gc; print(gc.get_stats()[2]['collections'])"
    house = Installation(tmp_path, 9, ())
    assert int(house.manage("shell", "--verbosity=0", "-c", start)) == 0
