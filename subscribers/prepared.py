"""Statements that every message needs: written by the ORM once, and executed with other values.

To write one takes the ORM a millisecond, to execute it a database a twentieth of that. What
a statement says still stands in one place, as a queryset, for every database.

PostgreSQL is asked to prepare them, too: it spends more time on planning them than on doing
what they say. A plan is made for tables as large as they were then, so none is kept for long.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum
from time import monotonic
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

# PostgreSQL and SQLite have it alike; the ORM writes it for INSERT alone.
RETURNING = ' RETURNING "id"'
# To plan all statements of a message anew takes PostgreSQL a millisecond.
PLANS_KEPT_SECONDS = 10.0


class Plans(threading.local):
    """Whose plans a thread's connection keeps, and since when."""

    of: Any = None
    since = 0.0


PLANS = Plans()


class Given(Expression):
    """A value in a prepared statement that is named when it is executed."""

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: Any, **context: Any) -> tuple[str, Any]:
        return "%s", [self]


class Prepared:
    """A statement whose SQL is written at its first execution; threads may share it.

    ``write`` makes its compiler; see ``question`` and ``change``.
    """

    def __init__(self, write: Callable[[], SQLCompiler]) -> None:
        self.write = write
        # Of each thread, as its connection is.
        self.kept = threading.local()

    def execute(self, values: dict[str, Any], more: str = "") -> Any:
        """Execute the statement with the values that it waits for; returns the cursor."""
        if not hasattr(self.kept, "sql"):
            self.kept.compiler = self.write()
            self.kept.sql, params = self.kept.compiler.as_sql()
            self.kept.params = [
                param.value if isinstance(param, Enum) else param for param in params
            ]
        connection = connections[DEFAULT_DB_ALIAS]
        params = [
            param.output_field.get_db_prep_value(values[param.name], connection)
            if isinstance(param, Given)
            else param
            for param in self.kept.params
        ]
        cursor = cursor_of(connection)
        cursor.execute(self.kept.sql + more, params)
        return cursor


def cursor_of(connection: BaseDatabaseWrapper) -> Any:
    """Return a cursor that leaves values to the database, where its statements can be kept."""
    if connection.vendor != "postgresql" or connection.queries_logged:
        return connection.cursor()
    from django.db.backends.postgresql import base  # whose driver SQLite goes without

    connection.close_if_health_check_failed()
    connection.ensure_connection()
    forget_old_plans(connection)
    cursor: Any = base.ServerBindingCursor
    return connection.make_cursor(cursor(connection.connection))


def forget_old_plans(connection: BaseDatabaseWrapper) -> None:
    """Have statements planned anew after a while: a table may have grown a thousandfold.

    PostgreSQL does so by itself only once it has analysed the table, a minute later or never.
    """
    if PLANS.of is connection.connection and monotonic() - PLANS.since < PLANS_KEPT_SECONDS:
        return
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")
    PLANS.of, PLANS.since = connection.connection, monotonic()


class Question(Prepared):
    """A prepared SELECT of ``values_list`` or of models: ``rows`` gives tuples of columns."""

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        with self.execute(values) as cursor:
            found = cursor.fetchall()
        compiler = self.kept.compiler
        if not hasattr(self.kept, "converters"):
            columns = [column for column, _sql, _alias in compiler.select]
            self.kept.converters = compiler.get_converters(columns)
        if self.kept.converters:
            found = map(tuple, compiler.apply_converters(found, self.kept.converters))
        return list(found)


class Change(Prepared):
    """A prepared UPDATE."""

    def rows(self, **values: Any) -> int:
        """Execute it and return how many rows it changed."""
        with self.execute(values) as cursor:
            return int(cursor.rowcount)

    def ids(self, **values: Any) -> list[int]:
        """Execute it and return the keys of the rows that it changed, in the same statement."""
        with self.execute(values, RETURNING) as cursor:
            return [pk for (pk,) in cursor.fetchall()]


def question(rows: Callable[[], QuerySet[Any, Any]]) -> Question:
    """Prepare a SELECT; ``rows`` returns its queryset, which has a Given for every value."""
    return Question(lambda: rows().query.get_compiler(DEFAULT_DB_ALIAS))


def change(rows: Callable[[], QuerySet[Any, Any]], **fields: Any) -> Change:
    """Prepare an UPDATE of the queryset that ``rows`` returns, as its ``update`` would do it."""

    def write() -> SQLCompiler:
        query: Any = rows().query.chain(UpdateQuery)
        query.add_update_values(fields)
        compiler: SQLCompiler = query.get_compiler(DEFAULT_DB_ALIAS)
        return compiler

    return Change(write)


def given(model: type[Model], name: str) -> Any:
    """Return what stands for a value of a model's field, to be named as the field is."""
    return given_as(name, model._meta.get_field(name))


def given_as(name: str, field: Any) -> Any:
    """Return what stands for a value of that name, which reaches the database as the field's."""
    return Given(name, field)
