"""A backup from before an issue went out is put back; nobody gets the issue again."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.installation import RUN_DELIVERY, SLUG, Installation
from tests.smtp import SmtpServer

READERS = 30
STATE = """
from newsletter.models import Issue
issue = Issue.objects.get()
print(issue.state, issue.state_reason)
"""


def drill(folder: Path, backup, restore, **environment: str) -> None:
    with SmtpServer() as server:
        house = Installation(folder, server.port, RUN_DELIVERY, **environment)
        house.prepare(READERS)
        # A count that is remembered before the backup, as in any house that has run for long.
        house.manage("shell", "--verbosity=0", "-c", "from newsletter import restoring\n" + COUNT)
        backup()
        house.manage("run_delivery", "--once")
        assert len(server.taken) == READERS
        restore()
        assert set(house.states().values()) == {"pending"}
        house.manage("run_delivery", "--once")
        assert len(server.taken) == READERS, "somebody got the issue twice"
        shown = house.manage("shell", "--verbosity=0", "-c", STATE)
    assert shown.startswith("paused The database is older than it was")
    assert "The books balance" in house.manage("audit_issue", SLUG)


COUNT = "from django.utils import timezone; restoring.advance(timezone.now())"


def test_a_restored_sqlite_file_comes_up_paused(tmp_path):
    file, kept = tmp_path / "broadsheet.sqlite3", tmp_path / "backup.sqlite3"

    def backup() -> None:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(kept)) as target:
            source.backup(target)

    def restore() -> None:
        for left in tmp_path.glob("broadsheet.sqlite3*"):
            left.unlink()
        kept.replace(file)

    drill(tmp_path, backup, restore)


@pytest.mark.postgres
def test_a_restored_postgres_database_comes_up_paused(tmp_path, postgres_database):
    at = urlsplit(postgres_database)
    name, kept = at.path[1:], f"{at.path[1:]}_backup"
    server = at._replace(path="/postgres").geturl()

    def copy(source: str, target: str) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            for words in (
                "DROP DATABASE IF EXISTS {0} WITH (FORCE)",
                "CREATE DATABASE {0} TEMPLATE {1}",
            ):
                statement = sql.SQL(words).format(sql.Identifier(target), sql.Identifier(source))
                connection.execute(statement)

    try:
        drill(
            tmp_path,
            lambda: copy(name, kept),
            lambda: copy(kept, name),
            DATABASE_URL=postgres_database,
            SECRET_KEY="made-up-for-this-test",
        )
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            words = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(words.format(sql.Identifier(kept)))
