"""Cursors that are kept: over whatever connection there is now, and reading as the ORM does."""

import uuid
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.utils import timezone

from newsletter.models import Delivery, Issue, MailerState
from subscribers.models import Mute, Source, Subscriber
from subscribers.prepared import given, question
from tests.deliveries import make_delivery, sending_issue
from tests.factories import make_issue, make_reader, make_source
from tests.installation import Installation

NAMES = question(lambda: Source.objects.filter(id=given(Source, "id")).values_list("name"))
OPENED_ANEW = """
from django.db import connection
from tests.factories import make_source
from tests.subscribers.test_cursors import NAMES

source = make_source("The Rope Yard")
found = []
for _ in range(3):
    found.append(NAMES.rows(id=source.pk) == [("The Rope Yard",)])
    connection.close()
print(*found)
"""
on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="in a file of SQLite nobody ends a connection"
)


def test_a_statement_goes_on_over_a_connection_that_was_opened_anew(tmp_path):
    house = Installation(tmp_path, 9, ())
    house.migrate()
    assert house.manage("shell", "--verbosity=0", "-c", OPENED_ANEW) == "True True True\n"


@pytest.mark.django_db
def test_a_statement_goes_on_after_a_rollback():
    source = make_source("The Rope Yard")
    with transaction.atomic():
        NAMES.rows(id=source.pk)
        transaction.set_rollback(True)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_source("The Rope Yard")
    assert NAMES.rows(id=source.pk) == [("The Rope Yard",)]


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_statement_goes_on_after_the_server_ended_its_connection():
    source = make_source("The Rope Yard")
    NAMES.rows(id=source.pk)
    end_from_outside(connection.connection.info)
    with pytest.raises(DatabaseError):
        NAMES.rows(id=source.pk)
    connections.close_all()
    assert NAMES.rows(id=source.pk) == [("The Rope Yard",)]


def end_from_outside(info):
    with psycopg.connect(**info.get_parameters(), password=info.password) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [info.backend_pid])


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Delivery, Subscriber, Source, Mute, MailerState])
def test_every_column_reads_as_it_does_with_the_orm(model):
    furnish()
    names = [field.attname for field in model._meta.concrete_fields]
    rows = model.objects.order_by("pk")
    prepared = question(lambda: rows.values_list(*names))
    expected = list(rows.values_list(*names))
    assert expected
    assert [list(map(kind, row)) for row in prepared.rows()] == [
        list(map(kind, row)) for row in expected
    ]


def kind(value):
    """A value with its type, and of a time how it is written."""
    return type(value), value, str(value)


def furnish():
    now = timezone.now()
    reader, source = make_reader(confirmed_at=now), make_source()
    Mute.objects.create(subscriber=reader, source=source, until=now.date())
    MailerState.objects.create(
        name="x", next_at=now, rests_until=datetime(2026, 3, 29, tzinfo=UTC), day=now.date()
    )
    make_delivery(sending_issue(), reader=reader)
    Delivery.objects.update(token=uuid.uuid4(), deadline=now)


def test_a_column_of_json_cannot_be_asked_for(db):
    make_issue()
    sources = question(lambda: Issue.objects.values_list("listed_sources"))
    with pytest.raises(TypeError, match="JSON"):
        sources.rows()
