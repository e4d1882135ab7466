"""Tick, drain and janitor in one process, where no broker is wanted."""

import signal
from argparse import ArgumentParser
from time import monotonic, sleep
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from newsletter import ledger, sending, ticking
from subscribers.answering import answer_forgotten

# How soon a row that has become due is seen.
LOOK_SECONDS = 1.0


class Command(BaseCommand):
    help = "Sends what is due, plans what is approved, answers requests, sweeps up after the dead."
    stopping = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="Stop when nothing is due at this moment."
        )

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        swept_at = float("-inf")
        while not self.stopping:
            if monotonic() - swept_at >= settings.TICK_SECONDS:
                swept_at = monotonic()
                self.tell_swept(ledger.sweep())
                answer_forgotten(timezone.now())
            busy = self.round()
            if once and not busy:
                break
            if not busy:
                sleep(LOOK_SECONDS)

    def stop(self, number: int, frame: object) -> None:
        """Finish the message in hand, give back the rest, and end."""
        self.stopping = True

    def round(self) -> bool:
        """Send what is due now; False where nothing was."""
        busy = False
        for issue_id in ticking.tick(timezone.now()):
            done = sending.drain(issue_id, stop=lambda: self.stopping)
            busy = busy or (done.rows > 0 and not done.halted)
            if done.rows:
                self.stdout.write(f"issue {issue_id}: {done}")
        ticking.close_finished(timezone.now())
        return busy

    def tell_swept(self, swept: ledger.Swept) -> None:
        if swept.released or swept.poisoned or swept.doubtful:
            self.stdout.write(f"janitor: {swept}")
