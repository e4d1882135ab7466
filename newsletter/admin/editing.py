"""The form of an issue, what its saving means for readers, and its text to take away."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.admin_theme import DateWidget, TextAreaWidget
from newsletter import approving
from newsletter.models import Issue
from newsletter.schedule import DAYS_A_WEEK
from newsletter.states import IssueState, WrongState
from newsletter.storing import export_text

if TYPE_CHECKING:
    from newsletter.admin.issues import IssueAdmin

    IssueModelForm = forms.ModelForm[Issue]
else:
    IssueModelForm = forms.ModelForm


class IssueForm(IssueModelForm):
    class Meta:
        model = Issue
        fields = [
            "kind",
            "period_start",
            "period_end",
            "subject",
            "opening",
            "opening_about",
            "patterns",
            "correction_note",
        ]
        labels = {
            "period_start": gettext_lazy("First day"),
            "period_end": gettext_lazy("Last day"),
            "opening": gettext_lazy("Text"),
            "opening_about": gettext_lazy("About the story"),
            "patterns": gettext_lazy("Text"),
        }
        help_texts = {
            "period_start": gettext_lazy("A weekly's; a daily has one day."),
            "period_end": "",
            "opening": gettext_lazy("Markdown."),
            "patterns": gettext_lazy("Markdown."),
            "correction_note": gettext_lazy(
                "This issue was sent: readers keep their mail, and the web copy changes. "
                "Say above it what was corrected."
            ),
        }
        widgets = {
            "period_start": DateWidget,
            "period_end": DateWidget,
            "opening": TextAreaWidget({"rows": 7, "dir": "auto"}),
            "patterns": TextAreaWidget({"rows": 7, "dir": "auto"}),
            "correction_note": TextAreaWidget({"rows": 2, "dir": "auto"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "period_start" in self.fields:
            self.fields["period_start"].required = False
        if "correction_note" in self.fields and self.instance.state == IssueState.SENT:
            self.fields["correction_note"].required = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        end, start = cleaned.get("period_end"), cleaned.get("period_start")
        if "period_start" not in self.fields or end is None:
            return cleaned
        if cleaned.get("kind") == Issue.Kind.DAILY:
            cleaned["period_start"] = end
        elif start is None:
            cleaned["period_start"] = end - timedelta(days=DAYS_A_WEEK - 1)
        elif end < start:
            self.add_error("period_end", _("The last day is before the first."))
        return cleaned


def settle(request: HttpRequest, issue: Issue) -> None:
    """After an issue was edited, let mails that are not yet sent carry what it says now."""
    if issue.state not in approving.REVISABLE:
        return
    try:
        revision = approving.revise(issue, now=timezone.now())
    except approving.NotApprovable as exc:
        reasons = " ".join(finding.message for finding in exc.findings)
        messages.error(
            request,
            _("Saved, but readers still get the text from before: %(reasons)s")
            % {"reasons": reasons},
        )
    except WrongState:
        issue.refresh_from_db()
        messages.warning(
            request,
            _("Saved, but the issue is %(state)s by now, so no mail carries the change.")
            % {"state": issue.get_state_display()},
        )
    else:
        if revision is not None:
            messages.info(request, carried_sentence(issue))


def carried_sentence(issue: Issue) -> str:
    if issue.state == IssueState.APPROVED:
        return _("The approved text was replaced; everybody gets the new one.")
    waiting = issue.deliveries.open().count()
    return ngettext(
        "%(count)s mail that is not yet sent carries the change.",
        "%(count)s mails that are not yet sent carry the change.",
        waiting,
    ) % {"count": f"{waiting:,}"}


def export_view(request: HttpRequest, object_id: int, model_admin: "IssueAdmin") -> HttpResponse:
    """Give an issue as canonical Markdown, to keep or to edit elsewhere."""
    issue = get_object_or_404(Issue, pk=object_id)
    if not model_admin.has_view_permission(request, issue):
        raise PermissionDenied
    return HttpResponse(
        export_text(issue),
        content_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{issue.slug}.md"'},
    )
