"""What an editor does to an issue under way: send now, pause, resume, cancel.

Each is seen by every worker at its next intent, because the intent asks for the state.
"""

from datetime import datetime

from django.db import transaction

from newsletter.approving import approve, revise
from newsletter.models import Issue
from newsletter.planning import plan
from newsletter.publishing import attempt
from newsletter.states import DeliveryState, IssueState


def send_now(issue: Issue, *, now: datetime, confirmed_late: bool = False) -> int:
    """Make an issue due for all of its readers at once, and return the audience.

    Approves a draft and plans it; one that is already sending forgets its due times.
    Raises NotApprovable and WrongState as approving and planning do.
    """
    with transaction.atomic():
        issue.refresh_from_db()
        if issue.state == IssueState.SENDING:
            waiting = issue.deliveries.filter(state=DeliveryState.PENDING, attempts=0)
            waiting.filter(due_at__gt=now).update(due_at=now)
            Issue.objects.filter(pk=issue.pk).update(rests_until=None)
            return issue.audience
        if issue.state == IssueState.DRAFT:
            approve(issue, now=now, confirmed_late=confirmed_late)
        elif issue.state == IssueState.APPROVED:
            # An edit that preflight forbids was saved, but not frozen: it must not be forgotten.
            revise(issue, now=now)
        return plan(issue, now=now, at_once=True)


def pause(issue: Issue, reason: str = "") -> None:
    """Stop sending before the next message of every worker; raises WrongState."""
    issue.become(IssueState.PAUSED, state_reason=reason)


def resume(issue: Issue) -> None:
    """Go on with what was left; raises WrongState where the issue is not paused."""
    issue.become(IssueState.SENDING, out_of=IssueState.PAUSED, state_reason="", rests_until=None)


def cancel(issue: Issue, *, now: datetime) -> int:
    """End an issue for good and return how many messages will never be sent.

    Messages that a worker has in hand at this moment are still settled by it. On the web it
    stays only if somebody has it.
    """
    with transaction.atomic():
        issue.become(IssueState.CANCELLED, finished_at=now)
        waiting = issue.deliveries.filter(state__in=[DeliveryState.PENDING, DeliveryState.CLAIMED])
        dropped = waiting.update(
            state=DeliveryState.CANCELLED, lease_until=None, reason="the issue was cancelled"
        )
        attempt(issue.pk, now=now)
    return dropped
