"""On SQLite: what is committed is on the disk before a message leaves, and nobody waits for it."""

import json
import os

import pytest
from django.db.utils import ConnectionHandler

from newsletter.ledger import syncing
from tests.installation import Installation
from tests.smtp import SmtpServer

RECORD = """
import json, os, sqlite3
from django.db import connection
from newsletter.ledger import syncing, waiting, writing
from newsletter.ledger.waiting import Place
from subscribers.models import Source

database = waiting.shared_file()
seen = []

def record(descriptor):
    with sqlite3.connect(database) as other:
        [(committed,)] = other.execute("SELECT count(*) FROM subscribers_source")
    log = os.stat(f"{database}-wal").st_ino
    others_may_write = Place(database.with_name(f"{database.name}-turn")).take()
    seen.append([os.fstat(descriptor).st_ino == log, committed, others_may_write])

def level():
    return connection.connection.execute("PRAGMA synchronous").fetchone()[0]

syncing.WRITE_OUT = record
connection.ensure_connection()
levels = [level()]
for name in ("a", "b"):
    with writing():
        Source.objects.create(name=name, slug=name, company=name, homepage_url="https://a.example")
        levels.append(level())
levels.append(level())
print(json.dumps({"seen": seen, "levels": levels}))
"""
DRAIN_WITHOUT_A_DISK = """
from newsletter import sending
from newsletter.ledger import syncing
from newsletter.models import Issue

def fail(descriptor):
    raise OSError("the disk is gone")

syncing.WRITE_OUT = fail
try:
    sending.drain(Issue.objects.get().pk)
except OSError as exc:
    print(exc)
"""
NORMAL, FULL = 1, 2


def installation(folder, port=9):
    house = Installation(folder, port, ())
    house.migrate()
    return house


def test_a_commit_is_seen_and_the_turn_is_over_while_its_worker_waits_for_the_disk(tmp_path):
    told = json.loads(installation(tmp_path).manage("shell", "--verbosity=0", "-c", RECORD))
    assert told["seen"] == [[True, 1, True], [True, 2, True]]


def test_sqlite_itself_waits_for_the_disk_everywhere_else(tmp_path):
    told = json.loads(installation(tmp_path).manage("shell", "--verbosity=0", "-c", RECORD))
    assert told["levels"] == [FULL, NORMAL, NORMAL, FULL]


def test_nothing_leaves_whose_intent_did_not_reach_the_disk(tmp_path):
    with SmtpServer() as server:
        house = installation(tmp_path, server.port)
        house.prepare(3)
        said = house.manage("shell", "--verbosity=0", "-c", DRAIN_WITHOUT_A_DISK)
    assert said == "the disk is gone\n"
    assert server.taken == []


def test_a_log_that_was_deleted_and_made_again_is_opened_again(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(syncing, "WRITE_OUT", lambda fd: written.append(os.fstat(fd).st_ino))
    log = tmp_path / "some.sqlite3-wal"
    expected = []
    for number in range(2):
        # Beside the old one, so that it cannot get the same number.
        fresh = tmp_path / f"fresh-{number}"
        fresh.write_bytes(b"")
        fresh.rename(log)
        expected += [log.stat().st_ino] * 2
        syncing.sync(log)
        syncing.sync(log)
    assert written == expected


@pytest.fixture
def without_log(tmp_path):
    """A connection to a file whose journal is none that others can share."""
    database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": tmp_path / "some.sqlite3",
        "OPTIONS": {"init_command": "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;"},
    }
    handler = ConnectionHandler({"default": database})
    yield handler["default"]
    handler.close_all()


@pytest.mark.django_db
def test_where_there_is_no_log_sqlite_waits_for_the_disk_itself(without_log, tmp_path):
    with syncing.lightly(without_log, tmp_path / "some.sqlite3") as log:
        [level] = without_log.connection.execute("PRAGMA synchronous").fetchone()
    assert (log, level) == (None, FULL)
