"""A worker that sends for long needs no more memory and no more descriptors than at first.

Run it, with PostgreSQL (which is quicker to fill) or without, with

    ENDURANCE_MESSAGES=1000000 ./run test tests/benchmarks/test_endurance.py -m benchmark -s
"""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.benchmarks.house import due
from tests.benchmarks.sink import Sink

MESSAGES = int(os.environ.get("ENDURANCE_MESSAGES", "100000"))
ENGINE = "postgres" if os.environ.get("TEST_POSTGRES_URL") else "sqlite"
# Connections to the server and the database are closed and opened now and then.
SPARE_DESCRIPTORS = 4
GROWTH = 1.10
LOOK_SECONDS = 1.0
KILO = 1_024


def resident(pid: int) -> int:
    """Return a process's resident memory in KiB."""
    words = Path(f"/proc/{pid}/status").read_text().split()
    return int(words[words.index("VmRSS:") + 1])


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.benchmark
def test_memory_and_descriptors_stay_as_they_are_after_the_first_tenth(tmp_path):
    with Sink() as sink, due(tmp_path, sink.port, MESSAGES, ENGINE) as house:
        start = time.monotonic()
        house.start(1)
        looks = watched(house.workers[0], sink)
        seconds = time.monotonic() - start
    early = [look for look in looks if look[0] <= MESSAGES // 10]
    late = [look for look in looks if look[0] > MESSAGES // 10]
    first, most = early[-1][1], max(look[1] for look in late)
    open_first, open_most = max(look[2] for look in early), max(look[2] for look in late)
    print(
        f"\n{MESSAGES:,} messages over {ENGINE} in {seconds:,.0f} s: "
        f"{first / KILO:.1f} MiB after a tenth, at most {most / KILO:.1f} later "
        f"({most / first - 1:+.1%}); descriptors {open_first}, at most {open_most} later"
    )
    assert sink.summary.count == sink.summary.different == MESSAGES
    assert most <= first * GROWTH
    assert open_most <= open_first + SPARE_DESCRIPTORS


def watched(worker: "subprocess.Popen[bytes]", sink: Sink) -> list[tuple[int, int, int]]:
    """Return until a worker ends how many messages were sent, its memory, its descriptors."""
    looks = []
    while worker.poll() is None:
        try:
            looks.append((sink.count(), resident(worker.pid), descriptors(worker.pid)))
        except (FileNotFoundError, ValueError):
            break  # it has just ended
        time.sleep(LOOK_SECONDS)
    worker.wait()
    return [look for look in looks if look[0]]
