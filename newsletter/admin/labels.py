"""How states and reasons are written and coloured."""

import re
from datetime import UTC, datetime

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.admin_theme import moment
from newsletter.bounces import Bounce
from newsletter.retrying import IN_UTC, MISSED
from newsletter.states import DeliveryState, IssueState, SkipReason

ISSUE_LABELS: dict[str, str] = {
    IssueState.DRAFT.value: "default",
    IssueState.APPROVED.value: "info",
    IssueState.SENDING.value: "primary",
    IssueState.PAUSED.value: "warning",
    IssueState.SENT.value: "success",
    IssueState.CANCELLED.value: "danger",
}

DELIVERY_LABELS: dict[str, str] = {
    DeliveryState.PENDING.value: "default",
    DeliveryState.CLAIMED.value: "default",
    DeliveryState.SENDING.value: "primary",
    DeliveryState.SENT.value: "success",
    DeliveryState.DELIVERED.value: "success",
    DeliveryState.SKIPPED.value: "info",
    DeliveryState.AMBIGUOUS.value: "warning",
    DeliveryState.FAILED.value: "danger",
    DeliveryState.BOUNCED.value: "danger",
    DeliveryState.COMPLAINED.value: "danger",
    DeliveryState.CANCELLED.value: "default",
}

SKIP_REASONS: dict[str, str | Promise] = {
    SkipReason.FILTER_EMPTY.value: _("no story of their sources"),
    SkipReason.UNSUBSCRIBED.value: _("unsubscribed meanwhile"),
    SkipReason.SUPPRESSED.value: _("suppressed meanwhile"),
    SkipReason.PAUSED.value: _("paused by the reader"),
}

# As newsletter.retrying.missed writes it.
MISSED_REASON = re.compile(
    rf"{MISSED}not begun by (?P<deadline>\d{{4}}-\d\d-\d\d \d\d:\d\d UTC)(; (?P<before>.*))?"
)

# What a bounce says of an address.
BOUNCES: dict[str, str | Promise] = {
    Bounce.GONE: _("is no more"),
    Bounce.SOFT: _("takes no mail for now"),
    Bounce.POLICY: _("is good; our mail was refused"),
}


def reason_text(reason: str) -> str:
    """Return a reason in words of the page; what a server said stays as it is."""
    missed = MISSED_REASON.fullmatch(reason)
    if missed is None:
        return str(SKIP_REASONS.get(reason, reason))
    try:
        deadline = datetime.strptime(missed["deadline"], IN_UTC).replace(tzinfo=UTC)
    except ValueError:  # somebody else's words, by chance
        return reason
    told = gettext("missed: it could not be sent by %(when)s, and was no news after that") % {
        "when": moment(deadline)
    }
    return f"{told}; {missed['before']}" if missed["before"] else told
