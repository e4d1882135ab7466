"""What stands around the form on an issue's page: state, moves, findings, books, preview."""

from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils import timezone

from newsletter.admin.asking import audience_sentence
from newsletter.admin.findings import all_findings, grouped
from newsletter.admin.labels import ISSUE_LABELS
from newsletter.admin.ledger_views import books_context
from newsletter.admin.move_views import moves_for
from newsletter.admin.preview import LANGUAGES, onlooker_from, preview_of, publication_language
from newsletter.admin.preview_views import facts_of, may_see_readers
from newsletter.content import content_of
from newsletter.models import Issue
from newsletter.preflight import blocks
from newsletter.rendering import RenderError
from newsletter.states import IssueState
from subscribers.models import Source


def desk_context(request: HttpRequest, issue: Issue) -> dict[str, Any]:
    """Return everything of an issue's page but its form; renders the issue if nothing has."""
    now = timezone.now()
    content = content_of(issue)
    waits_for_editor = issue.state in (IssueState.DRAFT, IssueState.APPROVED)
    findings = all_findings(issue, content, now=now) if waits_for_editor else []
    try:
        facts = facts_of(preview_of(content, onlooker_from(QueryDict(), may_see_readers=False)))
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
        "languages": LANGUAGES,
        "language": publication_language(),
        "sources": Source.objects.offered(),
    }
