"""The mail server of prove_delivery: what it took stands in its list, and it strikes as told."""

import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import time

import pytest

from tests.installation import PATIENCE_SECONDS, ROOT

CLIENT = """
import smtplib, sys
with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as client:
    for n in range(int(sys.argv[2])):
        message = f"Message-ID: <id-{n}@example.com>\\r\\nSubject: x\\r\\n\\r\\nHello\\r\\n"
        client.sendmail("us@example.com", [f"r{n}@example.com"], message)
        print(n, flush=True)
"""


@pytest.fixture
def sink(tmp_path):
    """Start mail servers with faults; returns their port."""
    started = []

    def start(*faults, guard=None, freeze_seconds=0.2):
        orders = {
            "taken": str(tmp_path / "taken"),
            "struck": str(tmp_path / "struck"),
            "guard": guard or os.getpid(),
            "freeze_seconds": freeze_seconds,
            "faults": faults,
        }
        (tmp_path / "orders").write_text(json.dumps(orders))
        process = subprocess.Popen(
            [sys.executable, "-m", "newsletter.proving.sink", tmp_path / "orders"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return int(process.stdout.readline())

    yield start
    for process in started:
        process.terminate()
        assert process.wait(timeout=PATIENCE_SECONDS) == 0
        process.stdout.close()


def client(port, messages):
    command = [sys.executable, "-c", CLIENT, str(port), str(messages)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)


def lines(path):
    return [line.split() for line in path.read_text().splitlines()]


def first_strike(path):
    """Return what was done to whom, which is written down after it was done."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not lines(path) and time.monotonic() < end:
        time.sleep(0.01)
    return lines(path)[0][:2]


def test_what_was_taken_stands_in_the_list_in_order(sink, tmp_path):
    assert client(sink(), 3).returncode == 0
    taken = lines(tmp_path / "taken")
    assert [entry[1:] for entry in taken] == [[f"id-{n}", f"r{n}@example.com"] for n in range(3)]
    moments = [float(entry[0]) for entry in taken]
    assert moments == sorted(moments)


def test_it_stands_there_before_the_client_hears_of_it(sink, tmp_path):
    with smtplib.SMTP("127.0.0.1", sink()) as talk:
        talk.sendmail("us@example.com", ["r@example.com"], "Message-ID: <id@x>\r\n\r\n.dot\r\n")
        assert [entry[1:] for entry in lines(tmp_path / "taken")] == [["id", "r@example.com"]]


def test_a_message_without_its_end_was_not_taken(sink, tmp_path):
    with socket.create_connection(("127.0.0.1", sink())) as talk:
        talk.sendall(b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nMessage-ID: <i@x>\r\n")
        time.sleep(0.1)
    assert lines(tmp_path / "taken") == []


def test_a_client_need_not_wait_for_answers(sink, tmp_path):
    dialogue = b"EHLO x\r\n"
    for n in range(3):
        dialogue += b"MAIL FROM:<a@x>\r\nRCPT TO:<r%d@x>\r\nDATA\r\n" % n
        dialogue += b"Message-ID: <id-%d@x>\r\n\r\nHello\r\n.\r\n" % n
    with socket.create_connection(("127.0.0.1", sink())) as talk:
        talk.sendall(dialogue + b"QUIT\r\n")
        heard = b"".join(iter(lambda: talk.recv(4096), b""))
    assert heard.count(b"250 2.0.0 taken") == 3
    assert [entry[1] for entry in lines(tmp_path / "taken")] == ["id-0", "id-1", "id-2"]


def test_a_client_is_killed_after_the_answer_and_before_it_hears_it(sink, tmp_path):
    done = client(sink((2, "kill", "answer")), 5)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == ["0"]
    assert [entry[1] for entry in lines(tmp_path / "taken")] == ["id-0", "id-1"]
    assert first_strike(tmp_path / "struck") == ["KILL", "ANSWER"]
    assert len(lines(tmp_path / "struck")) == 1


@pytest.mark.parametrize("moment", ["envelope", "answer"])
def test_a_frozen_client_goes_on_after_a_while(sink, tmp_path, moment):
    began = time.monotonic()
    done = client(sink((2, "freeze", moment), freeze_seconds=0.5), 4)
    assert done.stdout.split() == ["0", "1", "2", "3"]
    assert time.monotonic() - began >= 0.5
    assert first_strike(tmp_path / "struck") == ["FREEZE", moment.upper()]
    assert len(lines(tmp_path / "struck")) == 1


def test_nobody_is_struck_who_is_none_of_ours(sink, tmp_path):
    with subprocess.Popen(["sleep", "60"]) as stranger:
        done = client(sink((1, "kill", "answer"), guard=stranger.pid), 3)
        stranger.kill()
    assert done.returncode == 0
    assert lines(tmp_path / "struck") == []
