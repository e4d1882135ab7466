"""Cursors that are kept: to open one and to read a statement's text costs as much as a row.

A driver learns a statement once for each cursor, so every prepared statement has its own.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from time import monotonic
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3 import base as sqlite

# More than there are prepared statements.
STATEMENTS_KEPT = 256
# To plan all statements of a message anew takes PostgreSQL a millisecond.
PLANS_KEPT_SECONDS = 10.0


class Plans(threading.local):
    """Whose plans a thread's connection keeps, and since when."""

    of: Any = None
    since = 0.0


PLANS = Plans()


class KeptCursor:
    """One thread's cursor for one statement, for as long as the thread's connection lasts."""

    cursor: Any = None
    driver: Any = None

    def over(self, connection: BaseDatabaseWrapper) -> Any:
        """Return the cursor, opened if need be, over a connection that is alive."""
        if connection.queries_logged:
            return connection.cursor()
        if connection.connection is None or not connection.in_atomic_block:
            connection.close_if_health_check_failed()
            connection.ensure_connection()
        if connection.vendor == "postgresql":
            forget_old_plans(connection)
        if self.driver is not connection.connection:
            self.cursor = connection.make_cursor(opened(connection))
            self.driver = connection.connection
        return self.cursor


def opened(connection: BaseDatabaseWrapper) -> Any:
    """Return a new cursor of a connection's driver that may execute a statement many times."""
    if connection.vendor == "postgresql":
        import psycopg
        from django.db.backends.postgresql import base  # whose driver SQLite goes without

        # It leaves values to the server, so that statements can be kept there.
        kind: Any = base.ServerBindingCursor
        cursor = kind(connection.connection)
        # The driver reads times and UUIDs twice as fast in the server's own form.
        cursor.format = psycopg.pq.Format.BINARY
        return cursor
    return connection.connection.cursor(factory=LearnedCursor)


class LearnedCursor(sqlite.SQLiteCursorWrapper):
    """Django's cursor for SQLite, which learns only once how a statement marks its values."""

    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        if param_names is not None:
            return str(super().convert_query(query, param_names=param_names))
        return marked(query)


@lru_cache(maxsize=STATEMENTS_KEPT)
def marked(query: str) -> str:
    """Return a statement whose values are marked as SQLite marks them."""
    return str(sqlite.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%"))


def forget_old_plans(connection: BaseDatabaseWrapper) -> None:
    """Have statements planned anew after a while: a table may have grown a thousandfold.

    PostgreSQL does so by itself only once it has analysed the table, a minute later or never.
    """
    if PLANS.of is connection.connection and monotonic() - PLANS.since < PLANS_KEPT_SECONDS:
        return
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")
    PLANS.of, PLANS.since = connection.connection, monotonic()
