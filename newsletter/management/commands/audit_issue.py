"""The books of an issue; the exit code says whether they balance."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from newsletter.auditing import books, imbalances
from newsletter.models import Issue
from newsletter.progress import books_in_words


class Command(BaseCommand):
    help = "Prints what became of an issue's audience; exits non-zero if the books do not balance."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="+", help="for example daily-2026-11-20")

    def handle(self, *args: Any, slug: list[str], **options: Any) -> None:
        wrong = []
        for name in slug:
            issue = Issue.objects.filter(slug=name).first()
            if issue is None:
                raise CommandError(f"There is no issue {name}. The admin lists all issues.")
            self.stdout.write(f"{issue.title} ({issue.state})")
            self.stdout.write("\n".join(books_in_words(books(issue))))
            found = imbalances(issue)
            wrong += [f"{name}: {sentence}" for sentence in found]
        if wrong:
            raise CommandError("\n".join(wrong))
