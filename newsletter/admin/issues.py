"""Issues: the list, and the page on which one is written, checked, previewed and sent."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from config.admin_theme import ModelAdmin, display
from newsletter.admin.labels import ISSUE_LABELS
from newsletter.admin.paste import paste_view
from newsletter.admin.stories import StoryInline, ThreadInline
from newsletter.models import Delivery, Issue, Story
from newsletter.states import ACCEPTED


def counted(rows: QuerySet[Any]) -> Coalesce:
    """Count an issue's rows in a query of their own: two joins would multiply each other."""
    counts = rows.order_by().values("issue").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counts, output_field=IntegerField()), 0)


@admin.register(Issue)
class IssueAdmin(ModelAdmin[Issue]):
    list_display = ["title", "kind", "state_label", "subject_line", "story_count", "progress"]
    list_filter = ["state", "kind"]
    list_per_page = 25
    date_hierarchy = "period_end"
    search_fields = ["slug", "subject", "stories__headline", "stories__company"]
    search_help_text = _("Date, subject, headline or company")
    ordering = ["-period_end", "kind", "-pk"]
    compressed_fields = False
    warn_unsaved_form = True
    inlines = [StoryInline, ThreadInline]
    fieldsets = [
        (None, {"fields": [("kind", "period_start", "period_end"), "subject"]}),
        (_("Opening"), {"fields": ["opening", "opening_about"]}),
        (_("Patterns Across Companies"), {"fields": ["patterns"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Issue]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                stories_in=counted(Story.objects.filter(issue=OuterRef("pk"))),
                mails_sent=counted(
                    Delivery.objects.filter(issue=OuterRef("pk"), state__in=ACCEPTED)
                ),
            )
        )

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("paste/", wrap(paste_view), {"model_admin": self}, name="newsletter_issue_paste"),
            *super().get_urls(),
        ]

    @display(description=_("issue"), ordering="period_end")
    def title(self, issue: Issue) -> str:
        return issue.title

    @display(description=_("state"), ordering="state", label=ISSUE_LABELS)
    def state_label(self, issue: Issue) -> tuple[str, str]:
        return issue.state, issue.get_state_display()

    @display(description=_("subject"))
    def subject_line(self, issue: Issue) -> str:
        return issue.subject

    @display(description=_("stories"), ordering="stories_in")
    def story_count(self, issue: Any) -> int:
        return int(issue.stories_in)

    @display(description=_("sent"))
    def progress(self, issue: Any) -> str:
        if not issue.planned_at:
            return "–"
        return f"{issue.mails_sent:,} / {issue.audience:,}"
