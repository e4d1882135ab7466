"""Tick, drain and janitor in one process, where no broker is wanted."""

import logging
import signal
from argparse import ArgumentParser
from datetime import timedelta
from time import monotonic, sleep
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import InterfaceError, InternalError, OperationalError, connections
from django.utils import timezone

from config.folder_queue import drop_stale
from config.garbage import leave_alone_what_stays
from newsletter import heartbeats, ledger, sending, ticking
from newsletter.tracking.imap import fetch_in_passing
from subscribers.answering import answer_forgotten
from subscribers.forgetting import clear_quotas, forget_unconfirmed
from subscribers.signing_up import work_on_forgotten

log = logging.getLogger(__name__)

# How soon a row that has become due is seen.
LOOK_SECONDS = 1.0
# Whoever asked for a mail waits no longer than this behind an issue. To begin anew costs its
# messages a connection.
ROUND_SECONDS = 10.0


class Command(BaseCommand):
    help = "Sends what is due, plans what is approved, answers requests, sweeps up after the dead."
    stopping = False
    tidied_at = float("-inf")
    fetched_at = float("-inf")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="Stop when nothing is due at this moment."
        )

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as a process of its own, whose memory is nobody else's."""
        leave_alone_what_stays()
        super().run_from_argv(argv)

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        tended_at = float("-inf")
        while not self.stopping:
            busy = False
            try:
                if monotonic() - tended_at >= settings.JANITOR_SECONDS:
                    tended_at = monotonic()
                    self.tend()
                busy = self.round()
            except (OperationalError, InterfaceError, InternalError):
                # The database is away, was restarted, or ended a transaction in which this
                # machine stood still (an InternalError): what is due waits in it for us.
                log.exception("the database does not answer; trying again")
                connections.close_all()
            if once and not busy:
                break
            if not busy:
                sleep(LOOK_SECONDS)

    def stop(self, number: int, frame: object) -> None:
        """Finish the message in hand, give back the rest, and end."""
        self.stopping = True

    def tend(self) -> None:
        """Do all that a beat has done by others."""
        heartbeats.record(heartbeats.name_of("run_delivery"), working=False)
        self.sweep()
        if monotonic() - self.tidied_at >= settings.HOUSE_KEEPING_SECONDS:
            self.tidied_at = monotonic()
            forget_unconfirmed(timezone.now())
            clear_quotas(timezone.now())
            heartbeats.forget_gone()
            if settings.CELERY_BROKER_URL == "filesystem://":
                drop_stale(settings.QUEUE_DIR / "messages", settings.HOUSE_KEEPING_SECONDS)
        if monotonic() - self.fetched_at >= settings.FETCH_BOUNCES_SECONDS:
            fetch_in_passing(clock=timezone.now, stop=lambda: self.stopping)
            # From its end on: a mailbox that is slow must not be all that is done here.
            self.fetched_at = monotonic()

    def sweep(self) -> None:
        swept = ledger.sweep()
        if swept.anything:
            self.stdout.write(f"janitor: {swept}")

    def round(self) -> bool:
        """Answer who asked, and send for a while what is due now; False where nothing was."""
        rows = self.answer()
        for issue_id in ticking.tick(timezone.now()):
            rows += self.drain(issue_id) + self.answer()
        ticking.close_finished(timezone.now())
        return rows > 0

    def answer(self) -> int:
        """Do what the pages queue: nobody else works on it, so nothing has to be lost first."""
        done = work_on_forgotten(timezone.now(), grace=timedelta(0))
        return done + answer_forgotten(timezone.now(), grace=timedelta(0))

    def drain(self, issue_id: int) -> int:
        # Other issues' turns may lie between two of one issue.
        self.sweep()
        heartbeats.record(heartbeats.name_of("run_delivery"), working=True)
        try:
            done = sending.drain(issue_id, seconds=ROUND_SECONDS, stop=lambda: self.stopping)
        except (OperationalError, InterfaceError, InternalError):
            raise
        except Exception:  # the edge of one issue: the others must go on
            log.exception("issue %s cannot be sent", issue_id)
            return 0
        if done.rows or done.halted:
            self.stdout.write(f"issue {issue_id}: {done}")
        if done.halted:
            return 0
        # Where it waited for its allowance all the time, there is more to do.
        return done.rows or int(done.cut_off)
