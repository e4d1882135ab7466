"""One message that came back, as a mail server hands it over on standard input."""

import logging
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from newsletter.bounces import Unreadable
from newsletter.bounces.mime import MOST_READ
from newsletter.tracking.mail import HandedIn, hand_in

log = logging.getLogger(__name__)

CHUNK = 64 * 1024


class Command(BaseCommand):
    help = (
        "Records a bounce, a complaint report or an automatic answer: from standard input, as "
        "a mail server pipes it, or from files. Exits with 0 where there is nothing more to do, "
        "65 where a message is no report, 66 where a file is not there, and 75 where the "
        "database does not answer, so that the mail server keeps the message and tries again."
    )
    # A mail server waits: no time for checks of what it cannot mend.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="*", type=Path, help="messages; - is standard input")
        parser.add_argument(
            "--recipient", default="", help="the address that the mail server took it for"
        )

    def handle(self, *args: Any, file: list[Path], recipient: str, **options: Any) -> None:
        unreadable = []
        for path in file or [Path("-")]:
            try:
                self.stdout.write(told(self.take(path, recipient)))
            except Unreadable as exc:
                unreadable.append(f"{path}: {exc}")
        if unreadable:
            raise CommandError("\n".join(unreadable), returncode=os.EX_DATAERR)

    def take(self, path: Path, recipient: str) -> HandedIn:
        raw = read_message(path)
        try:
            return hand_in(raw, now=timezone.now(), recipient=recipient)
        except Unreadable:
            raise
        except Exception as exc:  # the edge: a message that is lost here is lost for good
            log.exception("a message that came back could not be recorded")
            raise CommandError(
                f"Not recorded ({type(exc).__name__}); try again.", returncode=os.EX_TEMPFAIL
            ) from exc


def read_message(path: Path) -> bytes:
    """Return the beginning of a message, as much as matters."""
    if str(path) == "-":
        return drained(sys.stdin.buffer)
    try:
        with path.open("rb") as opened:
            return opened.read(MOST_READ)
    except OSError as exc:
        raise CommandError(f"{path} cannot be read: {exc}", returncode=os.EX_NOINPUT) from exc


def drained(pipe: BinaryIO) -> bytes:
    """Read a pipe to its end: a mail server whose pipe breaks takes that for a failure."""
    raw = pipe.read(MOST_READ)
    while pipe.read(CHUNK):
        pass
    return raw


def told(done: HandedIn) -> str:
    if not done.ours:
        return f"{done.happening}: of no message of ours"
    return f"{done.happening}: {'recorded' if done.new else 'nothing new'}"
