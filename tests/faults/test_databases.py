"""Databases that crash, have no room left, or come back from a backup."""

import resource
import sqlite3
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from newsletter.proving.crews import Deliverers
from newsletter.proving.faults import Deed, Fault
from newsletter.proving.house import Staff
from newsletter.proving.servers import CannotStart, OwnPostgres, Sqlite, postgres_programs
from tests.faults.houses import strike
from tests.installation import RUN_DELIVERY, SLUG, Installation
from tests.smtp import SmtpServer

# So many that every fault finds the workers in the middle of them.
READERS = 800
WORKERS = 2
STRUCK_AFTER = 20
# So long after the fault began every worker has met it.
MET_SECONDS = 0.5
LASTS_SECONDS = 0.5


class Struck:
    """A database that has its faults one after the other, each for a while.

    It counts what leaves the house once every worker must have met a fault.
    """

    folder: Path
    crew: Deliverers
    begun_meanwhile = 0

    def watch(self, house, crew):
        self.folder, self.crew = house.folder, crew
        self.faults = self.all_faults()

    def taken(self):
        return len((self.folder / "taken").read_text().splitlines())

    def stop_and_start(self):
        with next(self.faults):
            time.sleep(MET_SECONDS)
            before = self.taken()
            time.sleep(LASTS_SECONDS)
            self.begun_meanwhile += self.taken() - before


class StruckSqlite(Struck, Sqlite):
    """A file whose disk is full: no process may write a file beyond its first byte."""

    number_of_faults = 1

    def __init__(self, folder):
        """The folder is known to the house."""

    def all_faults(self):
        yield self.full_disk()

    @contextmanager
    def full_disk(self):
        self.let_files_grow_to(0)
        yield
        self.let_files_grow_to(resource.RLIM_INFINITY)

    def let_files_grow_to(self, size):
        # A worker that ends is replaced by a copy of the nursery.
        for pid in [self.crew.nursery.pid, *self.crew.victims(Deed.KILL)]:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class StruckPostgres(Struck, OwnPostgres):
    """A server whose disk is full, as far as it says, and which then stops as by a crash."""

    number_of_faults = 2
    NO_ROOM = """
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER no_room BEFORE UPDATE ON newsletter_delivery
    FOR EACH ROW EXECUTE FUNCTION no_room()
    """

    def all_faults(self):
        yield self.full_disk()
        yield self.crash()

    @contextmanager
    def full_disk(self):
        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(self.NO_ROOM)
            yield
            connection.execute("DROP FUNCTION no_room CASCADE")

    @contextmanager
    def crash(self):
        self.run("pg_ctl", "-s", "-m", "immediate", "stop")
        yield
        self.run("pg_ctl", *self.start_words)


@pytest.fixture
def folder():
    """A folder in which a server may live that is another user's."""
    with tempfile.TemporaryDirectory(prefix="broadsheet-fault-") as name:
        yield Path(name)


@pytest.mark.soak
@pytest.mark.parametrize("kind", [StruckSqlite, StruckPostgres], ids=["sqlite", "postgres"])
def test_without_a_database_or_room_on_its_disk_nothing_is_begun(kind, folder):
    if kind is StruckPostgres:
        try:
            postgres_programs()
        except CannotStart as exc:
            pytest.skip(str(exc))
    made = []

    def database(folder):
        made.append(kind(folder))
        return made[0]

    struck = strike(
        folder,
        *(
            Fault(STRUCK_AFTER + number * READERS // 2, Deed.STOP_DATABASE)
            for number in range(kind.number_of_faults)
        ),
        readers=READERS,
        staff=Staff(WORKERS),
        database=database,
        before=lambda house, crew: made[0].watch(house, crew),
    )
    assert struck.faults_found == []
    assert made[0].begun_meanwhile == 0, "no intent was committed, and a message left"
    verdict = struck.proven.verdict
    # What was under way when a fault began, nobody could write down.
    assert verdict.ambiguous <= kind.number_of_faults * WORKERS
    assert verdict.sent + verdict.ambiguous == READERS


SHOWN = """
from newsletter.models import Issue
issue = Issue.objects.get()
print(*sorted(set(issue.deliveries.values_list("state", flat=True))))
print(issue.state, issue.state_reason)
"""
# A count that is remembered before the backup, as in any house that has run for long.
COUNT = """
from django.utils import timezone
from newsletter.restoring import advance
advance(timezone.now())
"""


class SqliteCopies:
    """A file and its copy."""

    def __init__(self, folder):
        self.folder = folder
        self.kept = folder / "backup.sqlite3"
        self.file = folder / "broadsheet.sqlite3"

    def back_up(self):
        with (
            closing(sqlite3.connect(self.file)) as source,
            closing(sqlite3.connect(self.kept)) as target,
        ):
            source.backup(target)

    def restore(self):
        for left in self.folder.glob("broadsheet.sqlite3*"):
            left.unlink()
        self.kept.replace(self.file)

    def close(self):
        """The folder is the test's."""


class PostgresCopies:
    """A database and its copy on the same server."""

    def __init__(self, url):
        at = urlsplit(url)
        self.name, self.kept = at.path[1:], f"{at.path[1:]}_backup"
        self.server = at._replace(path="/postgres").geturl()

    def back_up(self):
        self.copy(self.name, self.kept)

    def restore(self):
        self.copy(self.kept, self.name)

    def copy(self, source, target):
        self.do("DROP DATABASE IF EXISTS {} WITH (FORCE)", target)
        self.do("CREATE DATABASE {} TEMPLATE {}", target, source)

    def close(self):
        self.do("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.kept)

    def do(self, words, *names):
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(sql.SQL(words).format(*map(sql.Identifier, names)))


@pytest.mark.soak
def test_a_restored_backup_comes_up_paused(tmp_path, engine):
    url = engine.get("DATABASE_URL")
    copies = PostgresCopies(url) if url else SqliteCopies(tmp_path)
    readers = 30
    with SmtpServer() as server, closing(copies):
        house = Installation(tmp_path, server.port, RUN_DELIVERY, **engine)
        house.prepare(readers)
        house.manage("shell", "--verbosity=0", "-c", COUNT)
        copies.back_up()
        house.manage("run_delivery", "--once")
        assert len(server.taken) == readers
        copies.restore()
        house.manage("run_delivery", "--once")
        assert len(server.taken) == readers, "somebody got the issue twice"
        shown = house.manage("shell", "--verbosity=0", "-c", SHOWN)
        assert shown.startswith("pending\npaused The database is older than it was")
        assert "The books balance" in house.manage("audit_issue", SLUG)
