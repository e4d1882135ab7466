"""Databases on a PostgreSQL server; tests are skipped where there is none."""

import os
import uuid
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql


@pytest.fixture
def postgres_database():
    """A new database on the server in TEST_POSTGRES_URL, gone afterwards; yields its URL."""
    server = os.environ.get("TEST_POSTGRES_URL")
    if not server:
        pytest.skip("TEST_POSTGRES_URL names no PostgreSQL server")
    name = f"broadsheet_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request):
    """The settings of an installation on either database."""
    if request.param == "sqlite":
        return {}
    url = request.getfixturevalue("postgres_database")
    return {"DATABASE_URL": url, "SECRET_KEY": "made-up-for-this-test"}
