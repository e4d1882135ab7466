"""A prepared statement does what its queryset would do, in any thread, with any values."""

import threading
from datetime import date

import pytest
from django.db import connection
from django.db.models import F

from subscribers.models import Mute, Source, Subscriber
from subscribers.prepared import change, given, question, telling_change
from tests.factories import make_reader, make_source

pytestmark = pytest.mark.django_db

BY_LANGUAGE = question(
    lambda: (
        Subscriber.objects.filter(language=given(Subscriber, "language"), state="active")
        .order_by("email")
        .values_list("email", "confirmed_at", "all_sources")
    )
)
HOUR_LATER = change(
    lambda: Subscriber.objects.filter(email=given(Subscriber, "email")),
    hour=F("hour") + 1,
    time_zone=given(Subscriber, "time_zone"),
)
HOUR_LATER_OF = telling_change(
    lambda: Subscriber.objects.filter(email=given(Subscriber, "email")), hour=F("hour") + 1
)
MUTED_UNTIL = question(
    lambda: Mute.objects.filter(until=given(Mute, "until")).values_list("until", "source_id")
)


def test_a_question_answers_as_its_queryset_does_each_time_with_other_values():
    for name, language in [("b", "de"), ("a", "de"), ("c", "en")]:
        make_reader(f"{name}@example.com", language=language)
    for language in ("de", "en", "fr"):
        rows = Subscriber.objects.filter(language=language).order_by("email")
        expected = list(rows.values_list("email", "confirmed_at", "all_sources"))
        assert BY_LANGUAGE.rows(language=language) == expected
    assert len(BY_LANGUAGE.rows(language="de")) == 2


def test_dates_come_back_as_dates():
    source = make_source()
    day = date(2026, 11, 20)
    Mute.objects.create(subscriber=make_reader(), source=source, until=day)
    assert MUTED_UNTIL.rows(until=day) == [(day, source.pk)]


def test_a_change_tells_how_many_rows_it_changed_or_which():
    reader, other = make_reader("ada@example.com", hour=7), make_reader("zoe@example.com", hour=7)
    assert HOUR_LATER.rows(email="ada@example.com", time_zone="Asia/Tokyo") == 1
    assert HOUR_LATER.rows(email="nobody@example.com", time_zone="UTC") == 0
    assert HOUR_LATER_OF.ids(email="ada@example.com") == [reader.pk]
    reader.refresh_from_db()
    other.refresh_from_db()
    assert (reader.hour, reader.time_zone, other.hour) == (9, "Asia/Tokyo", 7)


@pytest.mark.parametrize("value", ["' OR 1=1 --", "%s", "100%", '"; DROP TABLE x; --', "é\\"])
def test_a_value_is_a_value_whatever_it_says(value):
    make_reader("ada@example.com")
    assert BY_LANGUAGE.rows(language=value[:10]) == []
    assert HOUR_LATER.rows(email=value, time_zone="UTC") == 0


def test_a_value_that_was_forgotten_is_an_error():
    with pytest.raises(KeyError):
        BY_LANGUAGE.rows()


@pytest.mark.django_db(transaction=True)
def test_threads_share_a_statement_each_over_a_connection_of_its_own():
    make_source("The Rope Yard")
    names = question(lambda: Source.objects.filter(name=given(Source, "name")).values_list("name"))
    found: list[object] = []

    def ask() -> None:
        found.extend(names.rows(name="The Rope Yard"))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [("The Rope Yard",)] * 3


on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="the others keep what they understood themselves"
)


def kept_by_the_server():
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


@on_postgresql
def test_postgresql_keeps_a_statement_for_the_next_values():
    for language in ("de", "en", "fr"):
        BY_LANGUAGE.rows(language=language)
    kept = [words for words in kept_by_the_server() if '"language" = ' in words]
    assert len(kept) == 1


@on_postgresql
def test_a_plan_for_an_empty_table_is_forgotten_once_it_may_have_grown(monkeypatch):
    names = question(lambda: Source.objects.filter(id=given(Source, "id")).values_list("name"))
    for number in range(10):
        names.rows(id=number)
    make_source("The Rope Yard")
    monkeypatch.setattr("subscribers.cursors.PLANS_KEPT_SECONDS", 0.0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(generic_plans) > 0 FROM pg_prepared_statements")
        assert cursor.fetchone() == (True,)
    seen: list[str] = []
    with connection.execute_wrapper(lambda run, sql, *rest: (seen.append(sql), run(sql, *rest))[1]):
        names.rows(id=Source.objects.get().pk)
    assert "DISCARD PLANS" in seen
