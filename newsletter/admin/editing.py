"""The form of an issue, what its saving means for readers, and its text to take away."""

from datetime import date, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.admin_theme import DateWidget, TextAreaWidget, grouped
from newsletter import approving, publishing
from newsletter.admin.renderable import guard
from newsletter.admin.versions import WRITTEN, version_of, what_came_between
from newsletter.models import Issue
from newsletter.models.issues import FIRST_DAY, LAST_DAY
from newsletter.schedule import DAYS_A_WEEK
from newsletter.states import IssueState, WrongState
from newsletter.storing import export_text

if TYPE_CHECKING:
    from newsletter.admin.issues import IssueAdmin

    IssueModelForm = forms.ModelForm[Issue]
else:
    IssueModelForm = forms.ModelForm


class IssueForm(IssueModelForm):
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Issue
        fields = list(WRITTEN)
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
        guard(self, "opening", "patterns")
        if "period_start" in self.fields:
            self.fields["period_start"].required = False
        if "correction_note" in self.fields and self.instance.state == IssueState.SENT:
            self.fields["correction_note"].required = True
        if self.instance.pk and not self.is_bound:
            self.initial["seen"] = version_of(self.instance)

    def clean_seen(self) -> str:
        """Refuse to save over what was saved since the page was opened; locks the issue."""
        seen = str(self.cleaned_data["seen"])
        if self.instance.pk:
            current = Issue.objects.select_for_update().get(pk=self.instance.pk)
            told = what_came_between(current, seen)
            if told:
                # Of the page as a whole: the field itself is hidden.
                self.add_error(None, told)
        return seen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "period_start" in self.fields:
            self.clean_period(cleaned)
            self.clean_kind_with_threads(cleaned)
        return cleaned

    def clean_period(self, cleaned: dict[str, Any]) -> None:
        """Fill in the first day, and refuse days that no issue can have or another one has."""
        end, start = cleaned.get("period_end"), cleaned.get("period_start")
        our_time = _("Issues have dates from %(first)s to %(last)s. Check the year.") % {
            "first": FIRST_DAY.isoformat(),
            "last": LAST_DAY.isoformat(),
        }
        if end is None or "period_start" in self.errors:
            pass
        elif not FIRST_DAY <= end <= LAST_DAY:
            self.add_error("period_end", our_time)
        elif cleaned.get("kind") == Issue.Kind.DAILY:
            cleaned["period_start"] = end
        elif start is None:
            cleaned["period_start"] = max(end - timedelta(days=DAYS_A_WEEK - 1), FIRST_DAY)
        elif end < start:
            self.add_error("period_end", _("The last day is before the first."))
        elif start < FIRST_DAY:
            self.add_error("period_start", our_time)
        if end and "period_end" not in self.errors:
            self.refuse_taken_day(cleaned.get("kind"), end)
        if cleaned.get("period_start") is None:
            # The page is shown again, and needs the day that the issue has.
            cleaned.pop("period_start", None)

    def refuse_taken_day(self, kind: str | None, end: date) -> None:
        taken = Issue.objects.filter(kind=kind, period_end=end).exclude(pk=self.instance.pk).first()
        if taken:
            message = format_html(
                '{} <a class="desk-inline-link" href="{}">{}</a>',
                _("This date has an issue already:"),
                reverse("admin:newsletter_issue_change", args=[taken.pk]),
                f"{taken.title} ({taken.get_state_display()})",
            )
            self.add_error("period_end", message)

    def clean_kind_with_threads(self, cleaned: dict[str, Any]) -> None:
        """Keep a weekly with threads a weekly: a daily's page and mail have no place for them."""
        if "kind" not in self.changed_data or cleaned.get("kind") != Issue.Kind.DAILY:
            return
        threads = self.instance.threads.count() if self.instance.pk else 0
        if threads:
            message = ngettext(
                "A daily has no threads. Delete the %(count)s thread first.",
                "A daily has no threads. Delete the %(count)s threads first.",
                threads,
            )
            self.add_error("kind", message % {"count": threads})


def settle(request: HttpRequest, issue: Issue) -> None:
    """After an issue was edited, let the web and mails not yet sent carry what it says now."""
    if issue.state not in approving.REVISABLE:
        publishing.publish(issue.pk, now=timezone.now())
        if issue.state in approving.CORRECTABLE:
            settle_correction(request, issue)
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
            _("Saved, but no mail carries the change: the issue’s state is “%(state)s” by now.")
            % {"state": issue.get_state_display()},
        )
    else:
        if revision is not None:
            messages.info(request, carried_sentence(issue))


def settle_correction(request: HttpRequest, issue: Issue) -> None:
    """Let readers who are welcomed later get what was corrected."""
    try:
        approving.correct(issue, now=timezone.now())
    except approving.NotApprovable as exc:
        reasons = " ".join(finding.message for finding in exc.findings)
        messages.error(
            request,
            _(
                "Saved, and on the web; but until this is mended, the issue is not sent to "
                "new readers: %(reasons)s"
            )
            % {"reasons": reasons},
        )


def carried_sentence(issue: Issue) -> str:
    if issue.state == IssueState.APPROVED:
        return _("The approved text was replaced; everybody gets the new one.")
    waiting = issue.deliveries.open().count()
    return ngettext(
        "%(count)s mail that is not yet sent carries the change.",
        "%(count)s mails that are not yet sent carry the change.",
        waiting,
    ) % {"count": grouped(waiting)}


def here_view(request: HttpRequest) -> HttpResponse:
    """Answer nothing: who is logged out is led to the log-in page instead."""
    return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "no-store"})


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
