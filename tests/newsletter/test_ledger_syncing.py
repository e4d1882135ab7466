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
# What fails is our waiting for the disk, and then as often what SQLite tries.
DRAIN_TWICE = """
import json, sqlite3
from django.db.models import Count
from newsletter import ledger, sending
from newsletter.ledger import syncing
from newsletter.models import Delivery, Issue

whole = syncing.emptied
failures = [sqlite3.OperationalError("disk I/O error")] * %d + [OSError("EIO")]

def fail(descriptor):
    if failures:
        raise failures.pop()

def fail_too(driver):
    if failures:
        raise failures.pop()
    return whole(driver)

syncing.WRITE_OUT, syncing.emptied = fail, fail_too
told = []
for _ in range(2):
    try:
        sending.drain(Issue.objects.get().pk)
    except ledger.NotOnDisk as exc:
        told.append(str(exc))
    told.append(dict(Delivery.objects.values_list("state").annotate(Count("pk"))))
print(json.dumps(told))
"""
# What a system could not write it forgets, and says so once. In the copy it never was written.
HOLE = """
import json, os, shutil, sqlite3
from newsletter.ledger import syncing, waiting, writing
from subscribers.models import Source

database = waiting.shared_file()
log = f"{database}-wal"
whole = syncing.WRITE_OUT
failures = [OSError("EIO")]

def fail_once(descriptor):
    if failures:
        raise failures.pop()
    whole(descriptor)

def add(name):
    with writing():
        Source.objects.create(name=name, slug=name, company=name, homepage_url="https://a.example")

add("one")
syncing.WRITE_OUT = fail_once
start = os.stat(log).st_size
add("two")
end = os.stat(log).st_size
add("three")
copy = f"{database}-copy"
shutil.copy(database, copy)
shutil.copy(log, f"{copy}-wal")
if end > start:
    with open(f"{copy}-wal", "r+b") as file:
        file.seek(start)
        file.write(bytes(end - start))
with sqlite3.connect(copy) as after_a_power_cut:
    rows = after_a_power_cut.execute("SELECT name FROM subscribers_source ORDER BY id")
    print(json.dumps([name for (name,) in rows]))
"""
MARKED = """
import json, os, sqlite3
from newsletter.ledger import NotOnDisk, syncing, waiting, writing
from subscribers.models import Source

database = waiting.shared_file()
mark = database.with_name(f"{database.name}-unwritten")
syncing.ANEW_MILLISECONDS = 10
with writing():
    Source.objects.create(name="a", slug="a", company="a", homepage_url="https://a.example")
reader = sqlite3.connect(database, isolation_level=None)
reader.execute("BEGIN")
reader.execute("SELECT count(*) FROM subscribers_source").fetchone()
mark.touch()
told = []
for _ in range(2):
    try:
        with writing():
            pass
    except NotOnDisk:
        told.append(mark.exists())
reader.execute("COMMIT")
with writing():
    told.append("written")
told += [mark.exists(), os.stat(f"{database}-wal").st_size]
print(json.dumps(told))
"""
CLOSED = """
import json
from django.db import OperationalError, connection
from newsletter.ledger import writing

def level():
    connection.ensure_connection()
    return connection.connection.execute("PRAGMA synchronous").fetchone()[0]

told = []
for closes in (False, True):
    try:
        with writing():
            if closes:
                connection.close()
            raise OperationalError("the disk is full")
    except OperationalError as exc:
        told += [str(exc), level()]
print(json.dumps(told))
"""
NORMAL, FULL = 1, 2


def installation(folder, port=9):
    house = Installation(folder, port, ())
    house.migrate()
    return house


def test_a_commit_is_seen_and_the_turn_is_over_while_its_worker_waits_for_the_disk(tmp_path):
    told = told_by(RECORD, tmp_path)
    assert told["seen"] == [[True, 1, True], [True, 2, True]]


def test_sqlite_itself_waits_for_the_disk_everywhere_else(tmp_path):
    told = told_by(RECORD, tmp_path)
    assert told["levels"] == [FULL, NORMAL, NORMAL, FULL]


def told_by(program, folder, port=9, readers=0):
    house = installation(folder, port)
    if readers:
        house.prepare(readers)
    return json.loads(house.manage("shell", "--verbosity=0", "-c", program))


def test_nothing_leaves_whose_intent_did_not_reach_the_disk_and_nobody_doubts_it(tmp_path):
    with SmtpServer() as server:
        why, first, second = told_by(DRAIN_TWICE % 2, tmp_path, server.port, readers=3)
    assert "disk I/O error" in why
    assert first == {"pending": 3}
    assert second == {"sent": 3}
    assert len(server.taken) == 3


@pytest.mark.parametrize("failures", [0, 1], ids=["alone", "and to SQLite as well"])
def test_a_failure_that_the_system_tells_us_once_is_mended_on_the_spot(failures, tmp_path):
    with SmtpServer() as server:
        first, second = told_by(DRAIN_TWICE % failures, tmp_path, server.port, readers=3)
    assert first == second == {"sent": 3}


def test_what_comes_after_a_failure_of_the_disk_does_not_depend_on_what_it_forgot(tmp_path):
    assert told_by(HOLE, tmp_path) == ["one", "two", "three"]


def test_nobody_relies_on_a_log_that_failed_another_worker_before_it_is_begun_anew(tmp_path):
    first, second, done, is_marked, size = told_by(MARKED, tmp_path)
    assert first is second is True, "as long as somebody reads it"
    assert (done, is_marked, size) == ("written", False, 0)


def test_an_error_within_is_told_as_it_was_and_sqlite_waits_for_the_disk_again(tmp_path):
    assert told_by(CLOSED, tmp_path) == ["the disk is full", FULL] * 2


def test_a_new_logs_name_is_put_on_the_disk_too(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda fd: seen.append(os.fstat(fd).st_ino))
    monkeypatch.setattr(syncing, "WRITE_OUT", lambda fd: None)
    log = tmp_path / "some.sqlite3-wal"
    log.write_bytes(b"")
    kept = syncing.Log()
    for _ in range(2):
        kept.write_out(log)
    assert seen == [tmp_path.stat().st_ino]


def test_a_log_that_was_deleted_and_made_again_is_opened_again(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(syncing, "WRITE_OUT", lambda fd: written.append(os.fstat(fd).st_ino))
    log = tmp_path / "some.sqlite3-wal"
    kept = syncing.Log()
    expected = []
    for number in range(2):
        # Beside the old one, so that it cannot get the same number.
        fresh = tmp_path / f"fresh-{number}"
        fresh.write_bytes(b"")
        fresh.rename(log)
        expected += [log.stat().st_ino] * 2
        kept.write_out(log)
        kept.write_out(log)
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
    with syncing.lightly(without_log, tmp_path / "some.sqlite3") as logged:
        [level] = without_log.connection.execute("PRAGMA synchronous").fetchone()
    assert (logged, level) == (None, FULL)
