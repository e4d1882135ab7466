"""The public archive: what was sent, for everybody to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from newsletter.content import IssueContent, StoryContent, public_content_of
from newsletter.models import Issue, Story
from newsletter.rendering import RenderError, web_html
from subscribers.links import absolute

ISSUES_A_PAGE = 30


@dataclass(frozen=True, slots=True)
class Passage:
    """A story or a thread as its page shows it."""

    key: str
    headline: str
    html: SafeString
    company: str = ""
    via: str = ""
    url: str = ""


@require_safe
def archive(request: HttpRequest) -> HttpResponse:
    """List public issues, newest first; ``?kind=`` shows one kind, ``?page=`` older ones."""
    kind = request.GET.get("kind", "")
    issues = Issue.objects.public().newest_first()
    if kind:
        if kind not in Issue.Kind.values:
            raise Http404(f"no issues of kind {kind!r}")
        issues = issues.of_kind(kind)
    page = Paginator(with_first_headlines(issues), ISSUES_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "newsletter/archive.html", {"page": page, "kind": kind})


def with_first_headlines(issues: QuerySet[Issue]) -> QuerySet[Issue, Any]:
    """Add what the list says of each: its subject or first headline, and how many stories."""
    first = Story.objects.filter(issue=OuterRef("pk")).order_by("position", "pk")
    return issues.annotate(
        line=Coalesce(NullIf("subject", Value("")), Subquery(first.values("headline")[:1])),
        story_count=Count("stories"),
    )


@require_safe
def issue(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one public issue; each story's anchor is its key."""
    found = get_object_or_404(Issue.objects.public(), slug=slug)
    content = public_content_of(found)
    neighbours = Issue.objects.public().of_kind(found.kind)
    context = {
        "issue": found,
        **shown(content),
        "canonical": absolute(request.path),
        "earlier": neighbours.filter(period_end__lt=found.period_end).newest_first().first(),
        "later": neighbours.filter(period_end__gt=found.period_end).newest_first().last(),
    }
    return render(request, "newsletter/issue.html", context)


def shown(content: IssueContent) -> dict[str, Any]:
    """Return an issue's parts with their Markdown as HTML."""
    is_weekly = content.kind == Issue.Kind.WEEKLY
    return {
        "content": content,
        "opening_title": _("The Week in Review") if is_weekly else _("Signal of the Day"),
        "opening": readable(content.opening) if content.opening else "",
        "stories": [story_passage(story) for story in content.stories],
        "threads": [
            Passage(key=thread.key, headline=thread.title, html=readable(thread.body))
            for thread in content.threads
        ],
        "patterns": readable(content.patterns) if content.patterns else "",
    }


def readable(markdown: str) -> SafeString:
    """Return a text's HTML; one that cannot be rendered is shown as it was written."""
    try:
        return web_html(markdown)
    except RenderError:
        return format_html("<pre>{}</pre>", markdown)


def story_passage(story: StoryContent) -> Passage:
    return Passage(
        key=story.key,
        headline=story.headline,
        html=readable(story.body),
        company=story.company,
        via=story.via,
        # A link may lead to the web and nowhere else, whatever found its way into the row.
        url=story.url if story.url.startswith(("https://", "http://")) else "",
    )
