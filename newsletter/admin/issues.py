"""Issues: the list, and the page on which one is written, checked, previewed and sent."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from config.admin_theme import ModelAdmin, day, display, grouped
from newsletter.admin.desk import desk_context
from newsletter.admin.editing import IssueForm, export_view, here_view, settle
from newsletter.admin.labels import ISSUE_LABELS
from newsletter.admin.ledger_views import books_view
from newsletter.admin.move_views import move_view, too_late
from newsletter.admin.paste import paste_view
from newsletter.admin.preview_views import facts_view, mail_view, readers_view
from newsletter.admin.stories import StoryInline, ThreadInline
from newsletter.admin.tallies import tally, with_headline, with_tallies
from newsletter.admin.versions import WRITTEN
from newsletter.discarding import discard, is_discardable
from newsletter.models import Issue
from newsletter.models.issues import slug_of
from newsletter.states import IssueState, WrongState

DATES = ["kind", "period_start", "period_end"]
FIXED_DATES = ["kind", "first_day", "last_day"]


def dates_of(issue: Issue | None) -> list[str]:
    """Return the fields of an issue's dates: typed in a draft, and only read afterwards."""
    return DATES if issue is None or issue.state == IssueState.DRAFT else FIXED_DATES


def what_is_discarded(issue: Issue) -> str:
    """Say what goes with a cancelled issue that is deleted."""
    unsent = issue.deliveries.count()
    return ngettext(
        "%(title)s, with the record of %(count)s reader who would have got it",
        "%(title)s, with the record of %(count)s readers who would have got it",
        unsent,
    ) % {"title": issue.title, "count": grouped(unsent)}


@admin.register(Issue)
class IssueAdmin(ModelAdmin[Issue]):
    form = IssueForm
    change_form_template = "admin/newsletter/issue/change_form.html"
    change_list_template = "admin/newsletter/issue/change_list.html"
    list_display = ["title", "state_label", "subject_line", "story_count", "progress"]
    list_filter = ["state", "kind"]
    list_per_page = 25
    search_fields = ["slug", "subject", "stories__headline", "stories__company"]
    search_help_text = _("Date, subject, headline or company")
    ordering = ["-period_end", "kind", "-pk"]
    compressed_fields = False
    warn_unsaved_form = True
    show_add_link = False
    actions = None
    inlines = [StoryInline, ThreadInline]

    class Media:
        js = ["admin_desk.js", "admin_desk_live.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Issue]:
        return with_tallies(with_headline(super().get_queryset(request)))

    def get_fieldsets(self, request: HttpRequest, obj: Issue | None = None) -> Any:
        opening = _("Signal of the Day")
        if obj and obj.kind == Issue.Kind.WEEKLY:
            opening = _("Week in Review")
        correction = [(_("Correction"), {"fields": ["correction_note"]})]
        return [
            *(correction if obj and obj.state == IssueState.SENT else []),
            (None, {"fields": [tuple(dates_of(obj)), "subject"]}),
            (opening, {"fields": ["opening", "opening_about"]}),
            (_("Patterns Across Companies"), {"fields": ["patterns"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Issue | None = None) -> list[str]:
        # The address in the archive is made of these; once approved it may stand in mails.
        return [] if dates_of(obj) == DATES else FIXED_DATES

    def get_inlines(self, request: HttpRequest, obj: Issue | None) -> list[Any]:
        is_daily = obj is not None and obj.kind == Issue.Kind.DAILY
        # What would be mailed is always on the page, even where it should not be.
        threadless = is_daily and obj is not None and not obj.threads.exists()
        return [StoryInline] if threadless else [StoryInline, ThreadInline]

    def has_change_permission(self, request: HttpRequest, obj: Issue | None = None) -> bool:
        may = super().has_change_permission(request, obj)
        return may and (obj is None or obj.state != IssueState.CANCELLED)

    def has_delete_permission(self, request: HttpRequest, obj: Issue | None = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and (obj is None or is_discardable(obj))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name what goes with an issue; rows of the ledger that nobody got need no permission."""
        issues = list(objs)
        if any(issue.state != IssueState.CANCELLED for issue in issues):
            return super().get_deleted_objects(objs, request)
        told = [what_is_discarded(issue) for issue in issues]
        return told, {Issue._meta.verbose_name_plural: len(issues)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Issue) -> None:
        discard(obj)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except WrongState:
            # Only a POST gets here: somebody was quicker than this click.
            issue = get_object_or_404(Issue, pk=object_id)
            messages.warning(request, too_late(issue))
            return redirect("admin:newsletter_issue_change", issue.pk)

    def save_model(
        self, request: HttpRequest, obj: Issue, form: "ModelForm[Issue]", change: bool
    ) -> None:
        obj.slug = slug_of(obj.kind, obj.period_end)
        if obj.state == IssueState.SENT:
            obj.corrected_at = timezone.now()
        # Sending writes the other columns at the same time.
        written = [*WRITTEN, "slug", "corrected_at", "updated_at"]
        obj.save(update_fields=written if change else None)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        settle(request, form.instance)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Issue | None = None,
    ) -> Any:
        context |= {"is_fullwidth": "1", "show_save_and_add_another": False}
        if obj is not None:
            context |= {"subtitle": None, "desk": desk_context(request, obj)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            bound = partial(view, model_admin=self)
            return path(route, self.admin_site.admin_view(bound), name=f"newsletter_issue_{name}")

        own = [
            page("paste/", paste_view, "paste"),
            path(
                "readers/",
                self.admin_site.admin_view(readers_view),
                name="newsletter_issue_readers",
            ),
            path("here/", self.admin_site.admin_view(here_view), name="newsletter_issue_here"),
            page("<int:object_id>/preview/", mail_view, "preview"),
            page("<int:object_id>/facts/", facts_view, "facts"),
            page("<int:object_id>/books/", books_view, "books"),
            page("<int:object_id>/export/", export_view, "export"),
            page("<int:object_id>/move/<slug:move_name>/", move_view, "move"),
        ]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(
            request, {"may_paste": self.has_add_permission(request), **(extra_context or {})}
        )

    @display(description=_("First day"))
    def first_day(self, issue: Issue) -> str:
        return day(issue.period_start)

    @display(description=_("Last day"))
    def last_day(self, issue: Issue) -> str:
        return day(issue.period_end)

    @display(description=_("issue"), ordering="period_end")
    def title(self, issue: Issue) -> str:
        return issue.title

    @display(description=_("state"), ordering="state", label=ISSUE_LABELS)
    def state_label(self, issue: Issue) -> tuple[str, str]:
        return issue.state, issue.get_state_display()

    @display(description=_("subject"))
    def subject_line(self, issue: Any) -> str:
        return issue.subject or issue.headline or "–"

    @display(description=_("stories"), ordering="stories_in")
    def story_count(self, issue: Any) -> int:
        return int(issue.stories_in)

    @display(description=_("sent"))
    def progress(self, issue: Any) -> str:
        if not issue.planned_at:
            return format_html('<span class="desk-none-yet">{}</span>', "–")
        context = {"issue": issue, "tally": tally(issue)}
        return render_to_string("newsletter/admin/progress.html", context)
