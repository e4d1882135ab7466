"""Digests from files into the database; the exit code says whether all went in."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from newsletter.parsing import Diagnostic
from newsletter.reading_files import STANDARD_INPUT, Unreadable, read_text
from newsletter.storing import Import, import_text


def shown(name: str, found: Diagnostic) -> str:
    """Return a diagnostic as compilers print them: file:line: level code message."""
    line = f"{name}:{found.line}: {found.level} {found.code} {found.message}"
    return f"{line} — {found.hint}" if found.hint else line


def closing(name: str, result: Import, *, dry_run: bool) -> str:
    """Return the sentence that says what became of a file."""
    slug = result.issue.slug if result.issue else ""
    told = {
        "created": _("stored as a new draft"),
        "updated": _("the draft was updated"),
        "unchanged": _("nothing changed"),
        "refused": _("refused, nothing was stored"),
    }[result.outcome]
    if dry_run and result.outcome in ("created", "updated"):
        told = {
            "created": _("would be stored as a new draft"),
            "updated": _("would update the draft"),
        }[result.outcome]
    return ": ".join(filter(None, (name, slug, told)))


class Command(BaseCommand):
    help = (
        "Reads digests (pasted text, Markdown or HTML) from files or standard input and stores "
        "them as drafts. Nothing of a file with an error is stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="+", help="a file, or - for standard input")
        parser.add_argument("--dry-run", action="store_true", help="check, and store nothing")
        parser.add_argument(
            "--accept-suggestions",
            action="store_true",
            help="confirm the sources that were suggested",
        )

    def handle(self, *args: Any, file: list[str], **options: Any) -> None:
        if file.count(STANDARD_INPUT) > 1:
            raise CommandError(_("Standard input (-) can be read only once. Name it once."))
        failed = [name for name in file if not self.take(name, options)]
        if failed:
            raise CommandError(
                _("%(failed)d of %(all)d files were not stored: %(names)s")
                % {"failed": len(failed), "all": len(file), "names": ", ".join(failed)}
            )

    def take(self, name: str, options: dict[str, Any]) -> bool:
        """Import one file and print what there is to say; tell whether it went in."""
        try:
            text = read_text(name)
        except Unreadable as exc:
            self.stdout.write(f"{name}:1: error unreadable {exc}")
            return False
        dry_run = options["dry_run"]
        result = import_text(
            text, accept_suggestions=options["accept_suggestions"], dry_run=dry_run
        )
        for found in result.diagnostics:
            self.stdout.write(shown(name, found))
        if options["verbosity"]:
            self.stdout.write(closing(name, result, dry_run=dry_run))
        return not result.has_errors
