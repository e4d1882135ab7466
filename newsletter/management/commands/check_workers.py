"""Whether somebody works, for cron and monitoring."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from newsletter.heartbeats import complaints

# Five ticks of the default length.
PATIENCE_MINUTES = 5


class Command(BaseCommand):
    help = "Says what is due while no worker takes work; exits non-zero then."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--minutes",
            type=int,
            default=PATIENCE_MINUTES,
            help="How long something may be due, and no worker at work (default: %(default)s).",
        )

    def handle(self, *args: Any, minutes: int, **options: Any) -> None:
        if found := complaints(timezone.now(), timedelta(minutes=minutes)):
            raise CommandError("\n".join(found))
        self.stdout.write("Nothing is overdue, or somebody is at work on it.")
