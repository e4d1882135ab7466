"""The mailbox that bounces arrive in, read once; for cron, every few minutes."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from newsletter.tracking.imap import MailboxError, fetch


class Command(BaseCommand):
    help = (
        "Records the bounces and complaint reports in the mailbox that BOUNCE_IMAP_HOST and its "
        "fellows name, and deletes them there; flags messages that are no reports."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BOUNCE_IMAP_HOST:
            raise CommandError("BOUNCE_IMAP_HOST is not set.", returncode=os.EX_CONFIG)
        try:
            done = fetch(clock=timezone.now)
        except MailboxError as exc:
            raise CommandError(str(exc), returncode=os.EX_TEMPFAIL) from exc
        self.stdout.write(f"{done.taken} recorded, {done.left} left for a person to read")
