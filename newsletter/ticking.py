"""The beat: what is to be done now. Due times are rows, so a missed tick is made up by the next."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from newsletter.models import Delivery, Issue
from newsletter.planning import plan_due
from newsletter.publishing import publish_due
from newsletter.restoring import advance
from newsletter.states import IssueState, WrongState
from newsletter.welcoming import welcome_due


def tick(now: datetime) -> list[int]:
    """Do what its time has come for, and return the issues of which rows are due.

    First of all, a database that was restored from a backup stops what is open in it.
    Issues whose day has begun are planned, readers whose welcome was forgotten get one, those
    that are done are closed, and what is public is shown on the web.
    """
    advance(now)
    plan_due(now)
    welcome_due(now)
    close_finished(now)
    publish_due(now)
    due = Delivery.objects.due(now).filter(issue=OuterRef("pk"))
    welcomes = due.filter(occasion=Delivery.Occasion.WELCOME)
    sending = Q(Exists(due), state=IssueState.SENDING)
    welcoming = Q(Exists(welcomes), pk__in=Issue.objects.welcoming().values("pk"))
    wanting = Issue.objects.rested(now).filter(sending | welcoming)
    return list(wanting.order_by("pk").values_list("pk", flat=True))


def close_finished(now: datetime) -> int:
    """Move issues to sent of which nothing waits any more; returns how many."""
    sending = Issue.objects.in_state(IssueState.SENDING).filter(planned_at__isnull=False)
    return sum(close(issue, now) for issue in sending)


def close(issue: Issue, now: datetime) -> bool:
    """Move one issue to sent if no row of it is open.

    Doubtful rows do not hold it up, nor do welcomes, which may go out of it afterwards.
    """
    if issue.deliveries.open().filter(occasion=Delivery.Occasion.ISSUE).exists():
        return False
    try:
        issue.become(IssueState.SENT, finished_at=now)
    except WrongState:
        return False
    return True
