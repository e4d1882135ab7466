"""What the web shows: a copy of every public issue, made when it or its issue changes."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models.functions import Cast, Left
from django.utils.translation import gettext_lazy as _

from newsletter.models.deliveries import HASH_LENGTH
from newsletter.models.issues import (
    HEADLINE_MAX_LENGTH,
    KEY_MAX_LENGTH,
    SUBJECT_MAX_LENGTH,
    URL_MAX_LENGTH,
    Issue,
)
from subscribers.models import Source

# A by-line may name several sources.
VIA_MAX_LENGTH = 5 * HEADLINE_MAX_LENGTH


class WebCopyQuerySet(models.QuerySet["WebCopy"]):
    def newest_first(self) -> Self:
        return self.order_by("-issue__period_end", "issue__kind", "-pk")

    def of_kind(self, kind: str) -> Self:
        return self.filter(issue__kind=kind)

    def between(self, first: date, last: date) -> Self:
        """Copies of issues whose period ended on one of these days."""
        return self.filter(issue__period_end__range=(first, last))

    def years(self) -> list[int]:
        """Return the years that have an issue, the newest first."""
        day = Cast("issue__period_end", models.CharField())
        years = self.order_by().annotate(year=Left(day, 4)).values_list("year", flat=True)
        return sorted(map(int, years.distinct()), reverse=True)

    def newest_change(self) -> datetime | None:
        """Return when anything in the archive last changed."""
        newest: datetime | None = self.aggregate(newest=models.Max("changed_at"))["newest"]
        return newest

    def around(self, first: date, last: date) -> tuple[date | None, date | None]:
        """Return the days of the nearest issues before and after a span of days."""
        days = self.values_list("issue__period_end", flat=True)
        before = days.filter(issue__period_end__lt=first).order_by("-issue__period_end").first()
        after = days.filter(issue__period_end__gt=last).order_by("issue__period_end").first()
        return before, after


class WebCopy(models.Model):
    """A public issue as anybody may read it; there is none of an issue that is not public."""

    issue = models.OneToOneField(Issue, on_delete=models.CASCADE, related_name="web_copy")
    content = models.JSONField(help_text=_("What is shown, as values."))
    content_hash = models.CharField(
        max_length=HASH_LENGTH, help_text=_("Over all that is shown; it names the page's version.")
    )
    line = models.CharField(
        max_length=SUBJECT_MAX_LENGTH, help_text=_("What lists say of it: its subject.")
    )
    story_count = models.PositiveSmallIntegerField(default=0)
    correction_note = models.TextField(blank=True, default="")
    corrected_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(help_text=_("When it first could be read."))
    changed_at = models.DateTimeField(help_text=_("When anything shown last changed."))

    objects: ClassVar = WebCopyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("web copies")
        indexes = [models.Index(fields=["changed_at"], name="web_copy_changed")]

    def __str__(self) -> str:
        return self.line


class WebPassage(models.Model):
    """A story or another part of a public issue: what is searched, and listed by source.

    ``title_words`` and ``words`` are what a search looks at: folded to lower case, without
    marks on letters, in the same way on every database.
    """

    class Part(models.TextChoices):
        OPENING = "opening", _("opening")
        STORY = "story", _("story")
        THREAD = "thread", _("thread")
        PATTERNS = "patterns", _("patterns")

    copy = models.ForeignKey(WebCopy, on_delete=models.CASCADE, related_name="passages")
    position = models.PositiveIntegerField()
    part = models.CharField(max_length=8, choices=Part)
    key = models.CharField(
        max_length=KEY_MAX_LENGTH, blank=True, help_text=_("The anchor on the issue's page.")
    )
    headline = models.CharField(max_length=HEADLINE_MAX_LENGTH, blank=True)
    company = models.CharField(max_length=HEADLINE_MAX_LENGTH, blank=True)
    via = models.CharField(max_length=VIA_MAX_LENGTH, blank=True)
    url = models.URLField(max_length=URL_MAX_LENGTH, blank=True)
    body = models.TextField(blank=True, help_text=_("Markdown."))
    text = models.TextField(blank=True, help_text=_("The body's words alone."))
    title_words = models.TextField(blank=True)
    words = models.TextField(blank=True)
    sources = models.ManyToManyField(Source, blank=True, related_name="web_passages")

    class Meta:
        ordering = ["copy", "position"]
        constraints = [
            models.UniqueConstraint(fields=["copy", "position"], name="web_passage_once_a_place"),
            models.CheckConstraint(
                condition=models.Q(part__in=["opening", "story", "thread", "patterns"]),
                name="web_passage_part_known",
            ),
        ]

    def __str__(self) -> str:
        return self.headline or self.part
