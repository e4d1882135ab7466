"""Keeps the web server and the workers running, and lets neither outlive the one who started it.

Each program has a session of its own, so that Ctrl-C reaches this process alone and the
programs are stopped in order. Where this process is killed outright, the kernel tells them
(prctl(2), PR_SET_PDEATHSIG; Linux). Standard library only.
"""

import contextlib
import ctypes
import http.client
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from types import FrameType

from config import queues

# prctl(2): the signal that a process gets when its parent dies.
PR_SET_PDEATHSIG = 1
# How often programs are looked at; a signal is heeded at once.
LOOK_SECONDS = 0.5
# gunicorn lets requests finish, and a worker its message; then nobody is asked any more.
GRACE_SECONDS = 8.0
# A program that ends this often within a minute will not be helped by another start.
MAX_STARTS = 4
STARTS_WITHIN_SECONDS = 60.0
READY_SECONDS = 30.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_signals() -> list[signal.Signals]:
    """Return what ends us; not a terminal's end for those who started us with nohup."""
    outlives = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return [number for number in STOP_SIGNALS if not (outlives and number == signal.SIGHUP)]


class ServingError(Exception):
    """A program does not run; the message says which, and what was tried."""


@dataclass
class Program:
    """A command that is to run all the time."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start it, in a session of its own; it gets SIGTERM when we die."""
        self.started_at.append(monotonic())
        self.process = subprocess.Popen(  # noqa: S603  our own commands, no shell
            self.command,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=dying_with(os.getpid()),
        )

    @property
    def ended(self) -> int | None:
        """The exit code, or None while it runs."""
        return self.process.poll() if self.process else None

    @property
    def hopeless(self) -> bool:
        recent = [
            moment for moment in self.started_at if monotonic() - moment < STARTS_WITHIN_SECONDS
        ]
        return len(recent) >= MAX_STARTS

    def ask_to_stop(self) -> None:
        """Ask the whole session: the worker's beat need not wait for its parent to ask it."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)

    def make_sure(self, deadline: float) -> None:
        """Wait until the deadline, then end whatever is left of the program's session."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - monotonic()))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def dying_with(parent: int) -> Callable[[], None]:
    """Return what a child does before it runs: bind its life to its parent's."""
    libc = ctypes.CDLL(None, use_errno=True)
    prctl = getattr(libc, "prctl", None)

    def bind() -> None:
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
            if os.getppid() != parent:  # it died before we asked
                os._exit(1)

    return bind


class StopRequest:
    """That somebody wants us to stop: Ctrl-C, or a signal to end."""

    def __init__(self) -> None:
        self.event = threading.Event()

    def listen(self) -> None:
        """Heed the signals, also where a shell started us in the background and masked one."""
        for number in stop_signals():
            signal.signal(number, self.heed)

    def heed(self, number: int, frame: FrameType | None) -> None:
        self.event.set()


def serve(
    programs: Sequence[Program],
    *,
    stop: StopRequest,
    ready: Callable[[], bool],
    on_ready: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    """Run the programs until somebody says stop; call ``on_ready`` once, when all is there.

    A program that ends by itself is started again. Raises ServingError where that does not
    help, or nothing is ready after half a minute. Nothing runs any more on return or error.
    """
    try:
        for program in programs:
            program.start()
        wait_until_ready(programs, stop, ready, say)
        if not stop.event.is_set():
            on_ready()
        while not stop.event.wait(LOOK_SECONDS):
            revive(programs, say)
    finally:
        stop_all(programs)


def wait_until_ready(
    programs: Sequence[Program],
    stop: StopRequest,
    ready: Callable[[], bool],
    say: Callable[[str], None],
) -> None:
    deadline = monotonic() + READY_SECONDS
    while not ready() and not stop.event.wait(LOOK_SECONDS / 10):
        revive(programs, say)
        if monotonic() > deadline:
            raise ServingError(f"The site did not answer within {READY_SECONDS:.0f} seconds.")


def revive(programs: Sequence[Program], say: Callable[[str], None]) -> None:
    """Start again what ended by itself; raise ServingError where it ends again and again."""
    for program in programs:
        code = program.ended
        if code is None:
            continue
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if program.hopeless:
            raise ServingError(
                f"The {program.name} {how}, {MAX_STARTS} times within a minute. "
                f"Its last words stand above. It was started as: {' '.join(program.command)}"
            )
        program.make_sure(monotonic())  # what it left behind goes first
        say(f"The {program.name} {how}; it is started again.")
        program.start()


def stop_all(programs: Sequence[Program]) -> None:
    """Ask all programs to stop, and after a grace stop them."""
    for program in programs:
        program.ask_to_stop()
    deadline = monotonic() + GRACE_SECONDS
    for program in programs:
        program.make_sure(deadline)


def answers(host: str, port: int) -> bool:
    """Tell whether a web server answers there, whatever it says."""
    connection = http.client.HTTPConnection(host, port, timeout=READY_SECONDS)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def web_server(host: str, port: int, environment: Mapping[str, str]) -> Program:
    """Return the application server: two processes with four threads each."""
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"{host}:{port}"]
    command += ["--workers", "2", "--threads", "4", "--log-level", "error"]
    return Program("web server", [*command, "--no-control-socket"], environment)


def workers(environment: Mapping[str, str], *, log_level: str) -> list[Program]:
    """Return a Celery worker for people, which also keeps the beat, and one for issues.

    Two processes, so that a confirmation finds a free thread however many drains are at work.
    """
    # Celery warns everybody who is root; whoever runs this on one machine knows who they are.
    quiet = ["-W", "ignore:You're running the worker with superuser privileges"]
    base = [sys.executable, *quiet, "-m", "celery", "--quiet", "--app", "config", "worker"]
    base += ["--pool", "threads", "--concurrency", "4", "--loglevel", log_level]
    # Nobody listens for their heartbeats, and they stop a second sooner.
    base += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    people = ["--queues", f"{queues.WEB},{queues.BEAT}", "--hostname", "people@%h", "--beat"]
    issues = ["--queues", queues.ISSUES, "--hostname", "issues@%h"]
    return [
        Program("worker for people", [*base, *people], environment),
        Program("worker for issues", [*base, *issues], environment),
    ]
