"""What stands around the form on an issue's page: state, moves, findings, books, preview."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.admin.asking import audience_sentence
from newsletter.admin.findings import all_findings, grouped
from newsletter.admin.labels import ISSUE_LABELS
from newsletter.admin.ledger_views import books_context
from newsletter.admin.move_views import moves_for
from newsletter.admin.preview import Onlooker, preview_of
from newsletter.admin.preview_views import facts_of, may_see_readers
from newsletter.content import content_of
from newsletter.models import Issue
from newsletter.preflight import blocks
from newsletter.rendering import RenderError
from newsletter.states import IssueState
from subscribers.audience import Choice
from subscribers.models import Source


def desk_context(request: HttpRequest, issue: Issue) -> dict[str, Any]:
    """Return everything of an issue's page but its form; renders the issue if nothing has."""
    now = timezone.now()
    content = content_of(issue)
    waits_for_editor = issue.state in (IssueState.DRAFT, IssueState.APPROVED)
    findings = all_findings(issue, content, now=now) if waits_for_editor else []
    try:
        everyone = Onlooker(Choice.everything(), "reader@example.com", _("a reader of everything"))
        facts = facts_of(preview_of(content, everyone))
    except RenderError as exc:
        facts = {"error": exc.reason}
    return {
        "issue": issue,
        "look": ISSUE_LABELS[issue.state],
        "findings": grouped(findings),
        "blocked": blocks(findings),
        "moves": moves_for(request, issue, findings),
        "forecast": audience_sentence(issue, now) if waits_for_editor else "",
        "books": books_context(issue) if issue.planned_at else None,
        "is_sending": issue.state == IssueState.SENDING,
        "facts": facts,
        "may_see_readers": may_see_readers(request),
        "sources": Source.objects.offered(),
    }
