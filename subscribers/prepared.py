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
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, F, Field, JSONField, Lookup, Model, QuerySet
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

from subscribers.cursors import KeptCursor

# PostgreSQL and SQLite have it alike; the ORM writes it for INSERT alone.
RETURNING = ' RETURNING "id"'


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

    # Said after what the compiler writes.
    more = ""

    def __init__(self, write: Callable[[], SQLCompiler]) -> None:
        self.write = write
        # Of each thread, as its connection is.
        self.kept = threading.local()

    def execute(self, values: dict[str, Any]) -> Any:
        """Execute the statement with the values that it waits for.

        Returns its cursor, which is good until it is executed again by the same thread.
        """
        kept = self.kept
        if not hasattr(kept, "sql"):
            kept.compiler = self.write()
            written, params = kept.compiler.as_sql()
            # Drivers remember a statement by this very string.
            kept.sql = written + self.more
            kept.params = [param.value if isinstance(param, Enum) else param for param in params]
            kept.cursor = KeptCursor()
        connection = connections[DEFAULT_DB_ALIAS]
        params = [
            param.output_field.get_db_prep_value(values[param.name], connection)
            if isinstance(param, Given)
            else param
            for param in kept.params
        ]
        cursor = kept.cursor.over(connection)
        cursor.execute(kept.sql, params)
        return cursor


class Question(Prepared):
    """A prepared SELECT of ``values_list`` or of models: ``rows`` gives tuples of columns."""

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        found = self.execute(values).fetchall()
        compiler = self.kept.compiler
        if not hasattr(self.kept, "converters"):
            columns = [column for column, _sql, _alias in compiler.select]
            if any(isinstance(column.output_field, JSONField) for column in columns):
                # PostgreSQL's driver reads it in one way, Django in another.
                raise TypeError("a prepared question cannot ask for a JSON column")
            self.kept.converters = compiler.get_converters(columns)
        if self.kept.converters:
            found = map(tuple, compiler.apply_converters(found, self.kept.converters))
        return list(found)


class Change(Prepared):
    """A prepared UPDATE."""

    def rows(self, **values: Any) -> int:
        """Execute it and return how many rows it changed."""
        return int(self.execute(values).rowcount)


class TellingChange(Prepared):
    """A prepared UPDATE that tells which rows it changed, in the same statement."""

    more = RETURNING

    def ids(self, **values: Any) -> list[int]:
        """Execute it and return the keys of the rows that it changed."""
        return [pk for (pk,) in self.execute(values).fetchall()]


def question(rows: Callable[[], QuerySet[Any, Any]]) -> Question:
    """Prepare a SELECT; ``rows`` returns its queryset, which has a Given for every value."""
    return Question(lambda: rows().query.get_compiler(DEFAULT_DB_ALIAS))


def change(rows: Callable[[], QuerySet[Any, Any]], **fields: Any) -> Change:
    """Prepare an UPDATE of the queryset that ``rows`` returns, as its ``update`` would do it."""
    return Change(lambda: update_of(rows(), fields))


def telling_change(rows: Callable[[], QuerySet[Any, Any]], **fields: Any) -> TellingChange:
    """Prepare the same, to be told which rows it changed."""
    return TellingChange(lambda: update_of(rows(), fields))


def update_of(rows: QuerySet[Any, Any], fields: dict[str, Any]) -> SQLCompiler:
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(fields)
    compiler: SQLCompiler = query.get_compiler(DEFAULT_DB_ALIAS)
    return compiler


def given(model: type[Model], name: str) -> Any:
    """Return what stands for a value of a model's field, to be named as the field is."""
    return given_as(name, model._meta.get_field(name))


def given_as(name: str, field: Any) -> Any:
    """Return what stands for a value of that name, which reaches the database as the field's."""
    return Given(name, field)


class IsOneOf(Lookup):
    """Compare a column with a list of keys, on PostgreSQL: written the same for every length."""

    def as_sql(self, compiler: SQLCompiler, connection: Any, **context: Any) -> tuple[str, Any]:
        column, of_column = self.process_lhs(compiler, connection)
        keys, of_keys = self.process_rhs(compiler, connection)
        return f"{column} = ANY({keys})", [*of_column, *of_keys]


def is_one_of(column: str, name: str) -> IsOneOf:
    """Ask for rows by a list of keys, to be named when the statement is executed."""
    # A field of no kind: the driver writes the list as an array.
    return IsOneOf(F(column), given_as(name, Field()))
