"""An installation with an issue of real size and as many readers as a benchmark asks for."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.installation import PATIENCE_SECONDS, Installation

# As many at a time as are made well within the patience of an installation's commands.
READERS_AT_ONCE = 50_000
FURNISH = """
from tests import samples
from tests.factories import make_issue, make_source, make_story

content = samples.daily(31)
sources = [make_source() for _ in content.stories]
issue = make_issue(opening=content.opening, patterns=content.patterns, subject=content.subject)
for story, source in zip(content.stories, sources):
    make_story(issue, source, headline=story.headline, body=story.body, url=story.url)
"""
# Half of the readers take all sources, the others a dozen each; one in ten mutes one.
PEOPLE = """
import random
from django.utils import timezone
from subscribers.models import Mute, Source, Subscriber

first, end = %(first)d, %(end)d
chance = random.Random(first)
now = timezone.now()
sources = list(Source.objects.order_by("pk"))
choosing = Subscriber.sources.through
for start in range(first, end, 5000):
    readers = Subscriber.objects.bulk_create(
        Subscriber(
            email=f"reader{n}@example.com",
            state="active",
            confirmed_at=now,
            all_sources=n %% 2 == 0,
            language="de" if n %% 5 == 0 else "en",
        )
        for n in range(start, min(start + 5000, end))
    )
    choosing.objects.bulk_create(
        choosing(subscriber_id=reader.pk, source_id=source.pk)
        for reader in readers
        if not reader.all_sources
        for source in chance.sample(sources, 12)
    )
    Mute.objects.bulk_create(
        Mute(subscriber_id=reader.pk, source_id=chance.choice(sources).pk)
        for reader in readers[::10]
    )
"""
SEND = """
from django.utils import timezone
from newsletter.models import Issue
from newsletter.steering import send_now

send_now(Issue.objects.get(), now=timezone.now(), confirmed_late=True)
"""


ONCE = ("manage.py", "run_delivery", "--once")


@contextlib.contextmanager
def due(
    folder: Path, port: int, readers: int, engine: str, **environment: str
) -> Iterator[Installation]:
    """Yield an installation whose issue is due for so many readers, on SQLite or PostgreSQL."""
    with contextlib.ExitStack() as stack:
        if engine == "postgres":
            environment["DATABASE_URL"] = stack.enter_context(postgres_database())
            environment["SECRET_KEY"] = "made-up-for-this-benchmark"
        leases = {"CLAIM_LEASE_SECONDS": "120", "INTENT_LEASE_SECONDS": "60"}
        patience = {"EMAIL_FINAL_TIMEOUT": "30"}
        house = Installation(folder, port, ONCE, **leases, **patience, **environment)
        house.manage("migrate", "--verbosity=0")
        house.manage("shell", "--verbosity=0", "-c", FURNISH)
        for first in range(0, readers, READERS_AT_ONCE):
            end = min(first + READERS_AT_ONCE, readers)
            house.manage("shell", "--verbosity=0", "-c", PEOPLE % {"first": first, "end": end})
        # All rows or none are planned: on a busy machine a millisecond each.
        seconds = PATIENCE_SECONDS + readers / 1_000
        house.manage("shell", "--verbosity=0", "-c", SEND, patience=seconds)
        yield house
        house.bury()


@contextlib.contextmanager
def postgres_database() -> Iterator[str]:
    """Make a database on the server in TEST_POSTGRES_URL, gone afterwards; yields its URL."""
    server = os.environ.get("TEST_POSTGRES_URL")
    if not server:
        pytest.skip("TEST_POSTGRES_URL names no PostgreSQL server")
    name = f"broadsheet_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )
