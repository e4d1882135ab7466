"""The beat: what is to be done now. Due times are rows, so a missed tick is made up by the next."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from newsletter.models import Delivery, Issue
from newsletter.planning import plan_due
from newsletter.publishing import publish, publish_due
from newsletter.states import IssueState, WrongState


def tick(now: datetime) -> list[int]:
    """Plan issues whose day has begun, close those that are done, and return whose rows are due."""
    plan_due(now)
    close_finished(now)
    publish_due(now)
    due = Delivery.objects.due(now).filter(issue=OuterRef("pk"))
    sending = Issue.objects.in_state(IssueState.SENDING).rested(now)
    return list(sending.filter(Exists(due)).order_by("pk").values_list("pk", flat=True))


def close_finished(now: datetime) -> int:
    """Move issues to sent of which nothing waits any more; returns how many."""
    sending = Issue.objects.in_state(IssueState.SENDING).filter(planned_at__isnull=False)
    return sum(close(issue, now) for issue in sending)


def close(issue: Issue, now: datetime) -> bool:
    """Move one issue to sent if no row of it is open; doubtful rows do not hold it up."""
    if issue.deliveries.open().exists():
        return False
    try:
        issue.become(IssueState.SENT, finished_at=now)
    except WrongState:
        return False
    # From now on the web copy follows the rows.
    publish(issue.pk, now=now)
    return True
