"""Throwing an issue away: only one that nobody got anything of."""

from django.db import transaction

from newsletter.models import Issue
from newsletter.states import IssueState, WrongState

DISCARDABLE = frozenset({IssueState.DRAFT, IssueState.CANCELLED})


def begun(issue: Issue) -> bool:
    """Tell whether any message of an issue was sent, or may have been."""
    return issue.deliveries.filter(intent_at__isnull=False).exists()


def is_discardable(issue: Issue) -> bool:
    """Tell whether an issue may be thrown away: a draft, or cancelled before anything was sent."""
    return issue.state in DISCARDABLE and not begun(issue)


def discard(issue: Issue) -> None:
    """Delete an issue with the rows of its ledger, so that its date is free again.

    Raises WrongState where it is neither a draft nor cancelled by now, or where anything of
    it was sent: the ledger keeps what readers have.
    """
    with transaction.atomic():
        locked = Issue.objects.select_for_update().get(pk=issue.pk)
        if not is_discardable(locked):
            raise WrongState(locked.slug, locked.state, "deleted")
        locked.deliveries.all().delete()
        locked.delete()
