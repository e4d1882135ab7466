"""The catalogue of sources into the database."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.catalogue import SOURCES_FILE, load_sources, said
from newsletter.publishing import publish_all
from newsletter.reading_files import Unreadable, read_text
from subscribers.catalogue import read_sources


class Command(BaseCommand):
    help = (
        "Loads sources from a CSV file, the project's own without one. Known sources (by slug) "
        "are updated; a renamed one keeps its slug, and the old name becomes an alias."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", default=str(SOURCES_FILE))

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        try:
            reading = read_sources(read_text(file))
        except Unreadable as exc:
            raise CommandError(f"{file}: {exc}") from exc
        problems = reading.problems
        if not problems:
            loaded, problems = load_sources(reading.rows)
        if problems:
            lines = [f"{file}:{problem.row}: {problem.message}" for problem in problems]
            raise CommandError("\n".join([*lines, _("Nothing was stored.")]))
        publish_all(timezone.now(), anew=False)
        if options["verbosity"]:
            self.stdout.write(said(loaded))
