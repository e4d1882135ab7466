"""What an editor does to an issue under way: send now, pause, resume, cancel.

Each is seen by every worker at its next intent, because the intent asks for the state.
"""

from datetime import datetime

from django.db import transaction

from newsletter import ledger, mailers
from newsletter.approving import approve, revise
from newsletter.models import Issue
from newsletter.planning import plan
from newsletter.publishing import attempt
from newsletter.rescheduling import extend_deadlines
from newsletter.states import DeliveryState, IssueState


def send_now(issue: Issue, *, now: datetime, confirmed_late: bool = False) -> int:
    """Make an issue due for all of its readers at once, and return the audience.

    Approves a draft and plans it; one that is already sending forgets its due times. What
    waits has its whole time from now on.
    Raises NotApprovable and WrongState as approving and planning do.
    """
    with transaction.atomic():
        # The issue before its rows, as everybody takes them; so it stays in this state, too.
        under_way = Issue.objects.filter(pk=issue.pk, state=IssueState.SENDING)
        is_sending = under_way.update(rests_until=None)
        issue.refresh_from_db()
        if is_sending:
            waiting = issue.deliveries.filter(state=DeliveryState.PENDING, attempts=0)
            # What waits for its turn at its mail domain would only be put off again.
            waiting.filter(due_at__gt=now).exclude(reason=ledger.PUT_OFF).update(due_at=now)
            extend_waiting(issue, now=now)
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


def resume(issue: Issue, *, now: datetime) -> None:
    """Go on with what was left, however long ago; raises WrongState where it is not paused.

    An editor who resumes wants it sent: what waits has its whole time from now on.
    """
    with transaction.atomic():
        issue.become(
            IssueState.SENDING, out_of=IssueState.PAUSED, state_reason="", rests_until=None
        )
        # Whoever resumes has helped, or wants to see whether it works by now.
        mailers.wake_all()
        transaction.on_commit(mailers.end_rests, robust=True)
        extend_waiting(issue, now=now)


def extend_waiting(issue: Issue, *, now: datetime) -> None:
    """Give what waits its whole time from now on.

    What a worker has in hand is left to it: to wait for its rows, holding others, could be a
    deadlock, and of an issue that stood still for long nobody has any.
    """
    waiting = issue.deliveries.filter(state=DeliveryState.PENDING)
    extend_deadlines(waiting, issue.kind, now=now)


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
