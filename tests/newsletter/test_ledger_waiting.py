"""Workers on SQLite take turns, and none waits for ever for one that has stopped."""

import os
import signal
import subprocess
import sys
import threading
from time import monotonic

import pytest
from django.db import transaction

from newsletter import ledger
from newsletter.ledger import waiting
from newsletter.ledger.waiting import Place, turn_at
from tests.installation import ROOT

HOLD = """
import sys, time
from pathlib import Path
from newsletter.ledger.waiting import turn_at
with turn_at(Path(sys.argv[1])):
    print("mine", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def place(tmp_path):
    return tmp_path / "broadsheet.sqlite3-turn"


@pytest.fixture
def holder(place):
    """A process in the middle of its turn."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", "import django; django.setup()\n" + HOLD, str(place)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "mine\n"
    yield process
    process.kill()
    process.communicate()


def test_one_thread_waits_until_the_other_has_had_its_turn(place, monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 60.0)
    order = []

    def second():
        with turn_at(place):
            order.append("second")

    second_one = threading.Thread(target=second)
    with turn_at(place):
        second_one.start()
        second_one.join(timeout=0.2)
        assert second_one.is_alive()
        order.append("first")
    second_one.join(timeout=60)
    assert order == ["first", "second"]


def test_a_turn_comes_after_every_turn(place, monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0.0)
    for _ in range(3):
        with turn_at(place):
            assert not could_be_taken_elsewhere(place)
    assert could_be_taken_elsewhere(place)


def could_be_taken_elsewhere(place):
    return Place(place).take()


def test_a_process_that_dies_in_its_turn_gives_it_up(place, holder, monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 60.0)
    began = monotonic()
    holder.kill()
    holder.wait()
    with turn_at(place):
        assert monotonic() - began < 60
        assert not could_be_taken_elsewhere(place)


def test_nobody_waits_for_ever_for_a_process_that_stopped_in_its_turn(place, holder, monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0.1)
    holder.send_signal(signal.SIGSTOP)
    went_on = False
    with turn_at(place):
        went_on = True
    assert went_on
    assert not could_be_taken_elsewhere(place), "what is the other's was not given away"


@pytest.mark.django_db
def test_a_transaction_within_another_waits_for_no_turn():
    with transaction.atomic():
        assert waiting.shared_file() is None
        with ledger.writing():
            pass
