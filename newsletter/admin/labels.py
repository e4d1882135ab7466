"""How states and reasons are written and coloured."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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


def reason_text(reason: str) -> str:
    """Return a skip's reason in words; a failure's reason is in words already."""
    return str(SKIP_REASONS.get(reason, reason))
