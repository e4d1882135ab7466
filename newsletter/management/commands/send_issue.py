"""Approve, plan and send an issue now, and show how it goes."""

import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from newsletter import sending, steering, ticking
from newsletter.approving import NotApprovable
from newsletter.auditing import books
from newsletter.models import Issue
from newsletter.progress import ProgressBar, books_in_words
from newsletter.states import IssueState, WrongState

# Other workers may help, and rows whose time is retried later are theirs.
A_DAY = 86_400.0


class Command(BaseCommand):
    stopping = False
    help = "Approves an issue, plans it for all of its readers at once, and sends it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="for example daily-2026-11-20")
        parser.add_argument(
            "--confirm-late",
            action="store_true",
            help="Send it although its day is more than two days gone.",
        )

    def handle(self, *args: Any, slug: str, confirm_late: bool, **options: Any) -> None:
        issue = Issue.objects.filter(slug=slug).first()
        if issue is None:
            raise CommandError(f"There is no issue {slug}. The admin lists all issues.")
        try:
            steering.send_now(issue, now=timezone.now(), confirmed_late=confirm_late)
        except NotApprovable as exc:
            raise CommandError(
                "\n".join(f"{f.level}: {f.where}: {f.message}" for f in exc.findings)
            ) from exc
        except WrongState as exc:
            raise CommandError(str(exc)) from exc
        self.send(issue)

    def stop(self, number: int, frame: object) -> None:
        self.stopping = True

    def send(self, issue: Issue) -> None:
        """Drain with a progress bar and print the books."""
        before = books(issue)
        bar = ProgressBar(self.stdout, issue.slug, before.audience)
        # Ctrl-C finishes the message in hand: broken off, nobody would know what became of it.
        before_us = signal.signal(signal.SIGINT, self.stop)
        try:
            done = sending.drain(
                issue.pk,
                seconds=A_DAY,
                stop=lambda: self.stopping,
                on_progress=lambda so_far: bar.show(before.done + so_far.rows),
            )
        finally:
            signal.signal(signal.SIGINT, before_us)
        ticking.close_finished(timezone.now())
        issue.refresh_from_db()
        account = books(issue)
        bar.show(account.done)
        self.stdout.write("\n".join(books_in_words(account)))
        if done.halted:
            raise CommandError(f"Stopped: {done.halted}")
        if issue.state == IssueState.SENDING:
            self.stdout.write(
                f"{account.waiting} wait for another attempt, or are in a worker's hands."
            )
