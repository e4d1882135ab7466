"""The queue in a folder, after processes were killed in the middle of writing."""

import os
import time

import pytest
from kombu.connection import Connection
from kombu.entity import Exchange, Queue

from config import folder_queue

SOME = Queue("some", Exchange("some"), routing_key="some")


@pytest.fixture
def folder(tmp_path):
    for name in ("messages", "control", "processed"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def connection(folder):
    folder_queue.use()
    # What a process has declared it remembers; every test is a process of its own.
    folder_queue.Transport.global_state.clear()
    options = {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "processed_folder": str(folder / "processed"),
    }
    with Connection("filesystem://", transport_options=options) as connection:
        yield connection


def send(connection, *numbers):
    with connection.Producer() as producer:
        for number in numbers:
            producer.publish(
                {"number": number}, exchange=SOME.exchange, routing_key="some", declare=[SOME]
            )


def received(connection):
    found = []
    queue = SOME(connection.default_channel)
    queue.declare()
    while (message := queue.get(no_ack=True)) is not None:
        found.append(message.payload["number"])
    return found


def test_messages_arrive_once_and_in_order(connection):
    send(connection, 1, 2, 3)
    assert received(connection) == [1, 2, 3]
    assert received(connection) == []


@pytest.mark.parametrize("content", ["", '{"body": "half of a mess'])
def test_half_a_message_stops_nobody(connection, folder, content):
    send(connection, 1)
    (folder / "messages" / "0_half.some.msg").write_text(content)
    first, then = received(connection), received(connection)
    assert first + then == [1]


def test_a_message_that_is_being_written_is_not_taken(connection, folder):
    send(connection, 1)
    (folder / "messages" / "0_early.some.draft").write_text('{"bo')
    assert received(connection) == [1]


@pytest.mark.parametrize("content", ["", "[[1, 2"])
def test_half_a_table_of_queues_is_written_anew(connection, folder, content):
    (folder / "control" / "some.exchange").write_text(content)
    send(connection, 1)
    assert received(connection) == [1]


def test_messages_that_nobody_took_for_long_are_dropped(connection, folder):
    send(connection, 1, 2)
    old = min((folder / "messages").glob("*.msg"))
    os.utime(old, (time.time() - 3_700, time.time() - 3_700))
    assert folder_queue.drop_stale(folder / "messages", 3_600) == 1
    assert received(connection) == [2]
