"""The form and the archive under load: gunicorn as in production, the load beside it.

    ./run test tests/benchmarks/test_load.py -m benchmark -s

Requests leave by the clock and not when an answer makes room (an open loop), and a wait
counts from the moment at which the request was due, so that a slow answer cannot hide those
behind it.
"""

import asyncio
import re
import statistics
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest

from tests.site import Site

A_SECOND = 200
SECONDS = 30
CONNECTIONS = 64
P95_SECONDS = 0.100
# A reader's browser has most pages already and asks whether they changed; the worst is that
# nobody has, so nothing here is asked for conditionally. One in twenty sends the form, ten
# a second, each for an address that nobody knows yet; a worker answers them meanwhile.
SHARES = {"/": 7, "/archive/": 6, "issue": 6, "sign-up": 1}

pytestmark = pytest.mark.benchmark


@dataclass
class Load:
    """What came of it."""

    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * share) - 1]


async def read_answer(reader: asyncio.StreamReader) -> int:
    """Read one answer whole and return its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    length = re.search(r"(?i)content-length: (\d+)", head)
    assert length, head
    await reader.readexactly(int(length[1]))
    return int(head.split()[1])


def request_for(path: str, port: int) -> bytes:
    """Return a request for a page, or one of the form with an address of its own."""
    host = f"HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    if path != "sign-up":
        return f"GET {path} {host}\r\n".encode()
    fields = urlencode({"email": f"{uuid.uuid4().hex}@example.com", "wants_daily": "on"})
    kind = "Content-Type: application/x-www-form-urlencoded\r\n"
    return f"POST / {host}{kind}Content-Length: {len(fields)}\r\n\r\n{fields}".encode()


async def worker(port: int, due: asyncio.Queue[tuple[float, str] | None], load: Load) -> None:
    """Ask for what is due, over one connection after another, until there is nothing."""
    writer = None
    while (task := await due.get()) is not None:
        at, path = task
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request_for(path, port))
            status = await read_answer(reader)
            if status != 200:
                load.faults.append(f"{path}: {status}")
        except (OSError, asyncio.IncompleteReadError, AssertionError) as exc:
            load.faults.append(f"{path}: {type(exc).__name__} {exc}")
            if writer is not None:
                writer.close()
            writer = None
        load.seconds.append(time.perf_counter() - at)
    if writer is not None:
        writer.close()


async def drive(port: int, paths: list[str]) -> Load:
    """Send ``A_SECOND`` requests a second for ``SECONDS``."""
    load = Load()
    due: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue()
    workers = [asyncio.create_task(worker(port, due, load)) for _ in range(CONNECTIONS)]
    start = time.perf_counter()
    for number in range(A_SECOND * SECONDS):
        at = start + number / A_SECOND
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        due.put_nowait((at, paths[number % len(paths)]))
    for _ in workers:
        due.put_nowait(None)
    await asyncio.gather(*workers)
    return load


def test_the_form_and_the_archive_answer_two_hundred_requests_a_second(tmp_path):
    # Without the gates that would refuse so many: what they let through is the work.
    site = Site(
        tmp_path,
        MIN_FORM_SECONDS="0",
        SIGN_UPS_PER_NETWORK="1000000",
        SIGN_UPS_PER_HOUR="1000000",
        CHECK_MX="off",
    )
    site.prepare()
    with site:
        slug = next(
            line
            for line in site.house.manage(
                "shell",
                "--verbosity=0",
                "-c",
                "from newsletter.models import WebCopy\n"
                "print(WebCopy.objects.newest_first()[0].issue.slug)",
            ).split()
        )
        names = [name for name, share in SHARES.items() for _ in range(share)]
        paths = [f"/archive/{slug}/" if name == "issue" else name for name in names]
        load = asyncio.run(drive(site.port, paths))
    print(
        f"\n{len(load.seconds)} requests, {len(load.faults)} faults; "
        f"median {statistics.median(load.seconds) * 1e3:.1f} ms, "
        f"p95 {load.percentile(0.95) * 1e3:.1f} ms, p99 {load.percentile(0.99) * 1e3:.1f} ms"
    )
    assert load.faults == []
    assert load.percentile(0.95) < P95_SECONDS
