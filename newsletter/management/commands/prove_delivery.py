"""The project's promise, put to the proof: nobody lost, nobody served twice."""

from __future__ import annotations

import signal
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from config import serving
from newsletter.progress import ProgressBar
from newsletter.proving import proof
from newsletter.proving.proof import Proof
from newsletter.proving.servers import CannotStart

NOT_KEPT = 1
NOT_STARTED = 2
# 128 and the signal's number, as a shell would say it.
SIGNALLED = 128


class Command(BaseCommand):
    help = (
        "Sends an issue to made-up readers in a folder of its own, kills workers, databases and "
        "brokers meanwhile, and compares what a mail server took with the ledger. Exits 1 where "
        "anybody was lost or got it twice, 2 where something is missing."
    )
    # Nothing of this installation takes part, so nothing of it has to be in order.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        proof.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        # However it is ended, what it started ends with it.
        for number in serving.stop_signals():
            signal.signal(number, leave)
        try:
            wanted = proof.Wishes.of(options)
            with tempfile.TemporaryDirectory(prefix="broadsheet-proof-") as folder:
                kept = self.prove(wanted, Path(folder))
        except CannotStart as exc:
            self.stderr.write(str(exc))
            sys.exit(NOT_STARTED)
        if not kept:
            sys.exit(NOT_KEPT)

    def prove(self, wanted: proof.Wishes, folder: Path) -> bool:
        """Run the proof, print the verdict, and tell whether the promise was kept."""
        self.stdout.write(wanted.in_words())
        bar = ProgressBar(self.stdout, "taken by the server", wanted.readers)
        proven = Proof(wanted, folder).run(
            lambda taken, faults: bar.show(taken, f"{faults} faults")
        )
        self.stdout.write("")
        self.stdout.write("\n".join(proven.table()))
        if not proven.faults_found:
            self.stdout.write("  Nobody was lost, nobody got it twice, and the books balance.")
            return True
        for sentence in proven.faults_found:
            self.stdout.write(f"  NOT KEPT: {sentence}")
        self.stdout.write(proven.last_words)
        return False


def leave(number: int, frame: FrameType | None) -> None:
    """End at once, and leave nothing behind."""
    sys.exit(SIGNALLED + number)
