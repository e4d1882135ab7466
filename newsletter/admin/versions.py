"""Which version of an issue a page shows, so that nobody saves over what somebody else saved."""

import hashlib
import json
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from newsletter.models import Issue, StorySource

# What an editor writes; the rest is the house's.
WRITTEN = (
    "kind",
    "period_start",
    "period_end",
    "subject",
    "opening",
    "opening_about",
    "patterns",
    "correction_note",
)
OF_A_STORY = ("pk", "position", "headline", "company", "body", "url", "unattributed")
OF_A_THREAD = ("pk", "position", "title", "body")


def version_of(issue: Issue) -> str:
    """Return the state of an issue and a hash of all that its page shows, as stored now."""
    rows: list[Any] = [
        list(Issue.objects.filter(pk=issue.pk).values_list("state", *WRITTEN)),
        list(issue.stories.order_by("pk").values_list(*OF_A_STORY)),
        list(issue.threads.order_by("pk").values_list(*OF_A_THREAD)),
        list(
            StorySource.objects.filter(story__issue=issue)
            .order_by("pk")
            .values_list("story", "source", "confirmed")
        ),
    ]
    state = rows[0][0][0]
    canonical = json.dumps(rows, default=str, ensure_ascii=False)
    return f"{state}:{hashlib.sha256(canonical.encode()).hexdigest()}"


def what_came_between(current: Issue, seen: str) -> SafeString | None:
    """Say what changed since a page showed the version ``seen``; None where nothing did.

    Call it in a transaction that holds ``current``'s lock, or it may change again.
    """
    if version_of(current) == seen:
        return None
    if current.state == seen.partition(":")[0]:
        happened = _("Somebody saved this issue at %(time)s since you opened it.") % {
            "time": date_format(timezone.localtime(current.updated_at), "H:i T")
        }
    else:
        happened = _("The issue’s state is “%(state)s” by now; it changed since you opened it.") % {
            "state": current.get_state_display()
        }
    return format_html(
        '{} {} <a class="desk-inline-link" href="{}" target="_blank" rel="noopener">{}</a>',
        happened,
        _("Nothing of yours is stored; it still stands below, to copy."),
        reverse("admin:newsletter_issue_change", args=[current.pk]),
        _("Open the current version in a new tab"),
    )
