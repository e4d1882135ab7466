"""The admin's first page: what is in hand, how the last issues went, and what needs a person."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from newsletter.admin.ledger_views import books_context
from newsletter.admin.tallies import with_headline
from newsletter.models import Delivery, Issue
from newsletter.states import IssueState
from subscribers.models import Subscriber

# As many as fit on a screen without scrolling.
IN_HAND, RECENT = 8, 3


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the first page shows, each part only for those who may see it."""
    may_issues = request.user.has_perm("newsletter.view_issue")
    may_readers = request.user.has_perm("subscribers.view_subscriber")
    unfinished = Issue.objects.in_state(
        IssueState.DRAFT, IssueState.APPROVED, IssueState.SENDING, IssueState.PAUSED
    )
    finished = Issue.objects.in_state(IssueState.SENT).order_by("-finished_at", "-pk")
    context |= {"title": _("Desk"), "may_issues": may_issues}
    if may_issues:
        context |= {
            "in_hand": list(with_headline(unfinished.newest_first())[:IN_HAND]),
            "recent": [books_context(issue) for issue in finished[:RECENT]],
            "doubtful": Delivery.objects.doubtful().count(),
            "has_issue": Issue.objects.exists(),
        }
    if may_readers:
        context |= {
            "readers": Subscriber.objects.mailable().count(),
            "pending": Subscriber.objects.filter(state=Subscriber.State.PENDING).count(),
        }
    return context
