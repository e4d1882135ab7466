"""The site as in production: gunicorn on a house with sent issues, in a folder of its own."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.installation import PATIENCE_SECONDS, ROOT, RUN_DELIVERY, Installation

FILL = """
from newsletter import demo, publishing
from django.utils import timezone
from newsletter.models import Issue
from newsletter.steering import send_now
from newsletter import sending, ticking

seeding = demo.Seeding(newest=timezone.localdate())
for issue in demo.seed(seeding, timezone.now()):
    send_now(issue, now=timezone.now(), confirmed_late=True)
    sending.drain(issue.pk)
    ticking.close_finished(timezone.now())
"""


class Site:
    """gunicorn with the processes and threads that config.serving gives it, and a worker."""

    def __init__(self, folder: Path, **environment: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.house = Installation(
            folder,
            1,  # never asked: mail stays in the mailbox
            RUN_DELIVERY,
            EMAIL_HOST="",
            BASE_URL=f"http://127.0.0.1:{self.port}",
            **environment,
        )
        self.process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Migrate, load the catalogue, and send the sample issues into the folder's mailbox."""
        self.house.migrate()
        self.house.manage("collectstatic", "--noinput", "--verbosity=0")
        self.house.manage("load_sources", "--verbosity=0")
        self.house.manage("shell", "--verbosity=0", "-c", FILL)

    def __enter__(self) -> "Site":
        words = ["--bind", f"127.0.0.1:{self.port}", "--workers", "2", "--threads", "4"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "config.wsgi", *words, "--log-level", "error"],
            cwd=ROOT,
            env=self.house.environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.house.start(1)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.answers():
            assert self.process.poll() is None, "gunicorn ended"
            assert time.monotonic() < deadline, "gunicorn does not answer"
            time.sleep(0.05)
        return self

    def __exit__(self, *exc: object) -> None:
        self.house.bury()
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=PATIENCE_SECONDS)

    def answers(self) -> bool:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/robots.txt")
            connection.getresponse().read()
            connection.close()
        except OSError:
            return False
        return True
