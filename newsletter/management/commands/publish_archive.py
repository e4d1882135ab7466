"""The public archive, written anew."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import ngettext

from newsletter.models import WebCopy
from newsletter.publishing import publish_all


class Command(BaseCommand):
    help = (
        "Writes the web copies of all public issues anew, with what searches look at. Sending "
        "and editing keep them up to date; this is for a restored or repaired database."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        changed = publish_all(timezone.now())
        copies = WebCopy.objects.count()
        self.stdout.write(
            ngettext(
                "%(count)s issue is public; %(changed)s changed.",
                "%(count)s issues are public; %(changed)s changed.",
                copies,
            )
            % {"count": copies, "changed": changed}
        )
