"""Programs are kept running, stopped in order, and never outlive who started them."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from config import port, serving

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# Ignores SIGTERM and has a child of its own: only its whole session can be ended.
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time; signal.signal(15, signal.SIG_IGN); "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); time.sleep(60)",
]


def program(command):
    return serving.Program("program", command, dict(os.environ))


def serve(programs, stop=None, ready=lambda: True, **hooks):
    said: list[str] = []
    stop = stop or serving.StopRequest()
    hooks = {"on_ready": stop.event.set, "say": said.append, **hooks}
    serving.serve(programs, stop=stop, ready=ready, **hooks)
    return said


def gone(pid):
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return True
    return False


def wait_until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_stopping_ends_every_program():
    programs = [program(SLEEP), program(SLEEP)]
    serve(programs)
    assert all(gone(one.process.pid) for one in programs)


def test_a_program_that_will_not_stop_is_ended_with_its_children(monkeypatch):
    monkeypatch.setattr(serving, "GRACE_SECONDS", 0.3)
    stubborn = program(STUBBORN)
    stop = serving.StopRequest()

    def once_it_has_its_child():
        time.sleep(0.5)
        stop.event.set()

    serve([stubborn], stop, on_ready=once_it_has_its_child)
    wait_until(lambda: gone(stubborn.process.pid))


def test_a_program_that_dies_is_started_again():
    stop = serving.StopRequest()
    one = program(SLEEP)
    said = []

    def heard(text):
        said.append(text)
        stop.event.set()

    serve([one], stop, on_ready=lambda: one.process.kill(), say=heard)
    assert said == ["The program was killed by signal 9; it is started again."]
    assert len(one.started_at) == 2
    assert gone(one.process.pid)


def test_a_program_that_dies_again_and_again_stops_everything_with_a_reason():
    hopeless = program([sys.executable, "-c", "raise SystemExit(3)"])
    other = program(SLEEP)
    with pytest.raises(serving.ServingError, match="ended with exit code 3, 4 times"):
        serve([hopeless, other], ready=lambda: False)
    assert gone(other.process.pid)


def test_a_site_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(serving, "READY_SECONDS", 0.2)
    one = program(SLEEP)
    with pytest.raises(serving.ServingError, match="did not answer"):
        serve([one], ready=lambda: False)
    assert gone(one.process.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a death")
def test_programs_die_with_who_started_them():
    starter = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, sys, time; from config import serving\n"
            f"one = serving.Program('p', {SLEEP!r}, dict(os.environ)); one.start()\n"
            "print(one.process.pid, flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    child = int(starter.stdout.readline())
    assert not gone(child)
    starter.kill()
    starter.communicate()
    wait_until(lambda: gone(child))


def test_a_signal_that_a_shell_masked_is_heeded_all_the_same(monkeypatch):
    before = {number: signal.getsignal(number) for number in serving.STOP_SIGNALS}
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stop = serving.StopRequest()
        stop.listen()
        os.kill(os.getpid(), signal.SIGINT)
        wait_until(stop.event.is_set)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- The port ------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["0", "65536", "eighty", "-1", "80.5", "８０８０"])
def test_what_is_no_port_is_refused_by_name(value):
    with pytest.raises(port.PortError, match=f"PORT={value}"):
        port.port_of({"PORT": value})


@pytest.mark.parametrize(("environment", "expected"), [({}, 8000), ({"PORT": " 8051 "}, 8051)])
def test_the_port_is_read_or_8000(environment, expected):
    assert port.port_of(environment) == expected


def test_a_port_in_use_is_said_with_what_to_do():
    with socket.create_server((port.HOST, 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(port.PortError, match=rf"Port {number} is in use\. Try PORT=\d+ \./run"):
            port.check_free(number)
    port.check_free(number)


def test_nobody_answers_at_a_free_port():
    with socket.create_server((port.HOST, 0)) as taken:
        number = taken.getsockname()[1]
    assert not serving.answers(port.HOST, number)


def test_who_starts_us_with_nohup_outlives_the_terminal():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert signal.SIGHUP not in serving.stop_signals()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    assert signal.SIGHUP in serving.stop_signals()
    signal.signal(signal.SIGHUP, before)
