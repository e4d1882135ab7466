"""Database servers and brokers for the house: started for it, or borrowed, and gone afterwards."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Self
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from config.serving import dying_with

HOST = "127.0.0.1"
DEBIANS_POSTGRES = Path("/usr/lib/postgresql")
# PostgreSQL refuses to run as root; Debian's package makes this user.
POSTGRES_USER = "postgres"
READY_SECONDS = 30.0
LOOK_SECONDS = 0.05


class CannotStart(Exception):
    """Something that was asked for is not on this machine; the message says what to install."""


class Server:
    """Something that runs for the house; ``with`` leaves nothing of it behind."""

    environment: Mapping[str, str] = {}

    def close(self) -> None:
        """Leave nothing behind."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()


class Database(Server):
    """Where the house keeps its ledger."""

    def stop_and_start(self) -> None:
        """Let it crash, and start it again; raise CannotStart where it is not ours to stop."""
        raise CannotStart("Only a PostgreSQL server of the house's own can be stopped.")


class Sqlite(Database):
    """A file in the house's folder, which needs nothing."""


class BorrowedPostgres(Database):
    """A new database on a server that is there already; dropped afterwards."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.name = sql.Identifier(f"broadsheet_proof_{secrets.token_hex(8)}")
        try:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(self.name))
        except psycopg.Error as exc:
            raise CannotStart(f"No database can be made on that PostgreSQL server: {exc}") from exc
        url = urlsplit(server)._replace(path=f"/{self.name.as_string(None).strip(chr(34))}")
        self.environment = for_django(url.geturl())

    def close(self) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(self.name))


class OwnPostgres(Database):
    """A server of the house's own, that may crash."""

    def __init__(self, folder: Path) -> None:
        self.programs = postgres_programs()
        self.data = folder / "postgres"
        self.data.mkdir()
        self.identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            self.identity = {"user": POSTGRES_USER, "group": POSTGRES_USER, "extra_groups": []}
            shutil.chown(self.data, POSTGRES_USER, POSTGRES_USER)
            # The folder is only ours; that user must get through it.
            folder.chmod(0o711)
        self.run("initdb", "-U", POSTGRES_USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        port = free_port()
        options = f"-p {port} -h {HOST} -k {self.data} -c log_min_messages=fatal"
        self.start_words = ("-w", "-s", "-l", str(self.data / "log"), "-o", options, "start")
        self.run("pg_ctl", *self.start_words)
        self.environment = for_django(f"postgres://{POSTGRES_USER}@{HOST}:{port}/postgres")

    def run(self, program: str, *words: str) -> None:
        done = subprocess.run(  # noqa: S603  PostgreSQL's own programs, no shell
            [self.programs / program, "-D", self.data, *words],
            **self.identity,
            cwd=self.data,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            # What reads the terminal's signals is us; the server is stopped in order.
            start_new_session=True,
        )
        if done.returncode:
            raise CannotStart(
                f"PostgreSQL's {program} failed in {self.data}: {done.stderr.strip()}"
            )

    def stop_and_start(self) -> None:
        """Stop without writing anything out, as a crash does, and start with recovery."""
        self.run("pg_ctl", "-s", "-m", "immediate", "stop")
        self.run("pg_ctl", *self.start_words)

    def close(self) -> None:
        with contextlib.suppress(CannotStart):
            self.run("pg_ctl", "-s", "-m", "immediate", "stop")


class Broker(Server):
    """What wakes Celery's workers; losing everything in it must lose nothing."""

    def kill(self) -> None:
        """Lose everything by a crash; raise CannotStart where nothing runs that could."""
        raise CannotStart("Only a Redis server of the house's own can be killed.")

    def flush(self) -> None:
        """Lose everything while it runs; raise CannotStart where that cannot be."""
        raise CannotStart("This broker cannot be flushed.")


class Folder(Broker):
    """The queue in the house's folder; it has no process that could crash."""

    def __init__(self, folder: Path) -> None:
        self.messages = folder / "queue" / "messages"

    def kill(self) -> None:
        self.flush()

    def flush(self) -> None:
        for path in self.messages.glob("*.msg"):
            path.unlink(missing_ok=True)


class Redis(Broker):
    """A Redis server of the house's own, that keeps nothing on disk."""

    program = "redis-server"

    def __init__(self, folder: Path) -> None:
        if not self.is_here():
            raise CannotStart(
                "redis-server is not here. On Debian or Ubuntu: "
                "sudo apt-get install redis-server. Or take --broker folder."
            )
        self.folder = folder
        self.port = free_port()
        self.environment = {"CELERY_BROKER_URL": f"redis://{HOST}:{self.port}/0"}
        self.process = self.start()

    @classmethod
    def is_here(cls) -> bool:
        return shutil.which(cls.program) is not None

    def start(self) -> subprocess.Popen[bytes]:
        words = ["--bind", HOST, "--port", str(self.port), "--save", "", "--appendonly", "no"]
        process = subprocess.Popen(  # noqa: S603  Redis's own program, no shell
            [self.program, *words, "--dir", str(self.folder), "--loglevel", "warning"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=dying_with(os.getpid()),
        )
        wait_for(lambda: self.say("PING").startswith(b"+PONG"), "redis-server")
        return process

    def say(self, command: str) -> bytes:
        """Give a command in Redis's inline form; b"" where nobody answers."""
        try:
            with socket.create_connection((HOST, self.port), timeout=READY_SECONDS) as peer:
                peer.sendall(f"{command}\r\n".encode())
                return peer.recv(512)
        except OSError:
            return b""

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = self.start()

    def flush(self) -> None:
        self.say("FLUSHALL")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def for_django(url: str) -> dict[str, str]:
    """Return the settings of a house on a PostgreSQL server."""
    return {"DATABASE_URL": url, "SECRET_KEY": secrets.token_urlsafe(50)}


def postgres_programs() -> Path:
    """Return the folder of PostgreSQL's programs, or raise CannotStart."""
    found = shutil.which("initdb")
    folders = [path.parent for path in DEBIANS_POSTGRES.glob("*/bin/initdb")]
    folders.sort(key=lambda path: path.parent.name.zfill(8))
    if found and not Path(found).resolve().is_relative_to("/usr/share"):
        folders.append(Path(found).resolve().parent)
    whole = [path for path in folders if (path / "pg_ctl").exists()]
    if not whole:
        raise CannotStart(
            "PostgreSQL's programs are not here. On Debian or Ubuntu: "
            "sudo apt-get install postgresql. Or name a server: --database-url postgres://…"
        )
    return whole[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for(there: Callable[[], bool], name: str) -> None:
    """Wait until something is there; raise CannotStart where it does not come."""
    deadline = monotonic() + READY_SECONDS
    while not there():
        if monotonic() > deadline:
            raise CannotStart(f"{name} did not start within {READY_SECONDS:.0f} seconds.")
        sleep(LOOK_SECONDS)
