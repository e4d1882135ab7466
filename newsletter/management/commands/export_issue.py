"""An issue as canonical Markdown."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from newsletter.models import Issue
from newsletter.storing import export_text


class Command(BaseCommand):
    help = "Writes an issue as canonical Markdown, which import_issue takes back unchanged."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="for example daily-2026-11-20")
        parser.add_argument("--output", help="write to this file, not to standard output")

    def handle(self, *args: Any, slug: str, output: str | None, **options: Any) -> None:
        issue = Issue.objects.filter(slug=slug).first()
        if issue is None:
            raise CommandError(
                _("There is no issue %(slug)s. The admin lists all issues.") % {"slug": slug}
            )
        text = export_text(issue)
        if output is None:
            self.stdout.write(text, ending="")
            return
        try:
            Path(output).write_text(text, encoding="utf-8", newline="\n")
        except OSError as exc:
            raise CommandError(
                _("%(file)s cannot be written: %(reason)s.")
                % {"file": output, "reason": exc.strerror or exc}
            ) from exc
