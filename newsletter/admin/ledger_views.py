"""The books of an issue, as a panel of its page and as what the page asks for while sending."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from config.admin_theme import grouped
from newsletter.admin.labels import reason_text
from newsletter.auditing import Books, books
from newsletter.models import Issue
from newsletter.states import ACCEPTED, OPEN, DeliveryState, IssueState, SkipReason

if TYPE_CHECKING:
    from newsletter.admin.issues import IssueAdmin


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the books: what became of how many, a colour, and the rows to look up.

    ``start`` and ``share`` are its place on the bar, in percent of the audience.
    """

    name: str
    count: int
    look: str
    start: float
    share: float
    link: str


def entries(issue: Issue, account: Books) -> list[Entry]:
    """Return the lines of the books that add up to the audience; empty ones are left out."""
    one = {state: {"state__exact": state.value} for state in DeliveryState}
    lines: list[tuple[str, int, str, dict[str, str]]] = [
        (_("sent"), account.sent, "sent", {"state__in": ",".join(sorted(ACCEPTED))}),
        *(
            (reason_text(reason), count, "skipped", {"reason": reason})
            for reason, count in sorted(account.skipped.items())
        ),
        (
            reason_text(SkipReason.SUPPRESSED),
            account.suppressed,
            "skipped",
            {"reason": SkipReason.SUPPRESSED.value},
        ),
        (_("failed"), account.failed, "failed", one[DeliveryState.FAILED]),
        (_("doubtful"), account.ambiguous, "doubtful", one[DeliveryState.AMBIGUOUS]),
        (_("cancelled"), account.cancelled, "cancelled", one[DeliveryState.CANCELLED]),
        (_("waiting"), account.waiting, "waiting", {"state__in": ",".join(sorted(OPEN))}),
    ]
    ledger = reverse("admin:newsletter_delivery_changelist")
    whole = max(account.audience, account.accounted, 1)
    found, before = [], 0
    for name, count, look, wanted in lines:
        if count:
            query = urlencode({"issue__id__exact": issue.pk, **wanted})
            start, share = 100 * before / whole, 100 * count / whole
            found.append(Entry(name, count, look, start, share, f"{ledger}?{query}"))
            before += count
    return found


def books_context(issue: Issue) -> dict[str, Any]:
    """Return what the panel of the books shows."""
    account = books(issue)
    return {
        "issue": issue,
        "books": account,
        "entries": entries(issue, account),
        "summary": summary(issue, account),
    }


def summary(issue: Issue, account: Books) -> str:
    """Return the books in one sentence, for those who hear the page."""
    return _("%(state)s. %(sent)s of %(audience)s sent, %(waiting)s still waiting.") % {
        "state": str(issue.get_state_display()).capitalize(),
        "sent": grouped(account.sent),
        "audience": grouped(account.audience),
        "waiting": grouped(account.waiting),
    }


def books_view(request: HttpRequest, object_id: int, model_admin: "IssueAdmin") -> JsonResponse:
    """Give the books as they stand; ``active`` says whether they will still change."""
    issue = get_object_or_404(Issue, pk=object_id)
    if not model_admin.has_view_permission(request, issue):
        raise PermissionDenied
    context = books_context(issue)
    return JsonResponse(
        {
            "summary": context["summary"],
            "panel": render_to_string("newsletter/admin/books_lines.html", context),
            "state": issue.state,
            "active": issue.state == IssueState.SENDING,
        }
    )
