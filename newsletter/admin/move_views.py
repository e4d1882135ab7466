"""The page that asks before something is done to an issue, and does it when it is answered."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.admin.findings import all_findings
from newsletter.admin.moves import MOVES, Move, Order
from newsletter.approving import NotApprovable
from newsletter.content import content_of
from newsletter.models import Issue
from newsletter.planning import audience_of
from newsletter.preflight import Finding, blocks
from newsletter.states import IssueState, WrongState

if TYPE_CHECKING:
    from newsletter.admin.issues import IssueAdmin

LATE = "late"
# What is sent of these is what stands there now; later, what was frozen goes on.
CHECKED = (IssueState.DRAFT, IssueState.APPROVED)


def moves_for(request: HttpRequest, issue: Issue, findings: list[Finding]) -> list[Move]:
    """Return what this user can do with an issue now. Nobody to reach means no button."""
    possible = [
        move
        for move in MOVES.values()
        if issue.state in move.states and request.user.has_perms(move.permissions)
    ]
    if all(finding.code != "suggested_source" for finding in findings):
        possible = [move for move in possible if move.name != "accept"]
    if any(move.reaches_readers for move in possible) and (
        (issue.state in CHECKED and blocks(findings)) or not audience_of(issue).exists()
    ):
        possible = [move for move in possible if not move.reaches_readers]
    return possible


def move_view(
    request: HttpRequest, object_id: int, move_name: str, model_admin: "IssueAdmin"
) -> HttpResponse:
    """Ask on GET, which changes nothing; do it on POST, and say what became of it."""
    issue = get_object_or_404(Issue, pk=object_id)
    move = MOVES.get(move_name)
    if move is None:
        raise Http404(move_name)
    if not (
        model_admin.has_view_permission(request, issue) and request.user.has_perms(move.permissions)
    ):
        raise PermissionDenied
    if request.method == "POST":
        return done(request, issue, move, model_admin)
    if issue.state not in move.states:
        messages.warning(request, too_late(issue))
        return redirect("admin:newsletter_issue_change", issue.pk)
    return asked(request, issue, move, model_admin)


def too_late(issue: Issue) -> str:
    """Say that what was asked for does not fit the state that the issue is in by now."""
    return _(
        "Nothing was done. The issue’s state is “%(state)s” by now: somebody was quicker, perhaps "
        "you in another window."
    ) % {"state": issue.get_state_display()}


def asked(
    request: HttpRequest, issue: Issue, move: Move, model_admin: "IssueAdmin"
) -> HttpResponse:
    now = timezone.now()
    findings: list[Finding] = []
    # Whether it is late was asked when it was approved.
    is_draft = issue.state == IssueState.DRAFT
    if move.reaches_readers and issue.state in CHECKED:
        findings = all_findings(issue, content_of(issue), now=now)
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.model._meta,
        "object": issue,
        "title": _("%(move)s: %(title)s") % {"move": move.label, "title": issue.title},
        "issue": issue,
        "move": move,
        "question": move.ask(issue, now),
        "faults": [finding for finding in findings if finding.level == "error"],
        "late": next((found for found in findings if found.code == LATE and is_draft), None),
        "warnings": [f for f in findings if f.level == "warning" and f.code != LATE],
        "nobody": move.reaches_readers and not audience_of(issue).exists(),
    }
    return TemplateResponse(request, "newsletter/admin/move.html", context)


def done(request: HttpRequest, issue: Issue, move: Move, model_admin: "IssueAdmin") -> HttpResponse:
    if issue.state not in move.states:
        messages.warning(request, too_late(issue))
        return redirect("admin:newsletter_issue_change", issue.pk)
    order = Order(issue, timezone.now(), confirmed_late=bool(request.POST.get("confirmed_late")))
    try:
        told = move.run(order)
    except WrongState:
        issue.refresh_from_db()
        messages.warning(request, too_late(issue))
    except NotApprovable as exc:
        for finding in exc.findings:
            messages.error(request, f"{finding.where}: {finding.message} {finding.hint}".strip())
    else:
        model_admin.log_change(request, issue, told)
        messages.success(request, told)
    return redirect("admin:newsletter_issue_change", issue.pk)
