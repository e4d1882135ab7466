"""Doubtful messages settled by the mail server's log."""

import os
import zlib
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from newsletter.models import Issue
from newsletter.settling import Found, look_up, settle_by_log
from newsletter.settling.logs import Evidence, lines_of


class Command(BaseCommand):
    help = (
        "Settles an issue's doubtful messages by the mail server's log: a message that the log "
        "says was taken becomes sent. Others stay doubtful, unless --complete says that the "
        "log covers the whole time since the issue began: then they were not taken, and are "
        "sent again if the issue still goes out, and fail if it is closed. Postfix's log is "
        "understood line by line; any other log proves what it names by its Message-ID."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="for example daily-2026-11-20")
        parser.add_argument(
            "--log",
            required=True,
            nargs="+",
            type=Path,
            metavar="FILE",
            help="the log, the oldest part first; parts may be compressed (gz)",
        )
        parser.add_argument(
            "--complete",
            action="store_true",
            help="nothing is missing in the log: what it does not name was not taken",
        )
        parser.add_argument(
            "--mailer", help="whose log it is, where several of MAILERS may have messages"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(
        self,
        *args: Any,
        slug: str,
        log: list[Path],
        complete: bool,
        mailer: str | None,
        dry_run: bool,
        **options: Any,
    ) -> None:
        issue = Issue.objects.filter(slug=slug).first()
        if issue is None:
            raise CommandError(f"There is no issue {slug}. The admin lists all issues.")
        found = look_up(issue, lines_in(log))
        self.stdout.write(f"{issue.title}: {len(found.doubtful):,} doubtful")
        self.stdout.write("\n".join(in_words(found)))
        mailers = sorted({doubt.mailer for doubt in found.doubtful.values()})
        if complete and mailer is None and len(mailers) > 1:
            raise CommandError(
                "Nothing was changed. Several mailers may have these messages, and a log says "
                f"nothing of another's: name one of {', '.join(mailers)} with --mailer."
            )
        if dry_run:
            self.stdout.write("Nothing was changed.")
            return
        done = settle_by_log(issue, found, complete=complete, mailer=mailer, now=timezone.now())
        self.stdout.write(
            f"Settled: {done.accepted:,} sent, {done.absent:,} not taken. "
            f"Still doubtful: {done.left:,}."
        )


def lines_in(paths: list[Path]) -> Iterator[bytes]:
    """Read logs one after the other; nothing is settled by one that cannot be read to its end."""
    for path in paths:
        try:
            yield from lines_of(path)
        except (OSError, EOFError, zlib.error) as exc:
            raise CommandError(
                f"{path} cannot be read, so nothing was changed: {exc}", returncode=os.EX_NOINPUT
            ) from exc


def in_words(found: Found) -> list[str]:
    """Return what was found, as lines."""
    counts = found.counts
    rows = [(str(evidence), counts[evidence]) for evidence in Evidence]
    rows.append(("not named at all", counts[None]))
    return [f"  {name:<46}{number:>9,}" for name, number in rows if number]
