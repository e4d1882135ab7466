"""Issues and what stands in them."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from newsletter.states import OUT, IssueState, WrongState, issues_before
from subscribers.models import Source

# The longest headline seen in real digests has 101 characters.
HEADLINE_MAX_LENGTH = 200
KEY_MAX_LENGTH = 80
# RFC 5322 §2.1.1 allows 998 octets a line; a subject is read in the first 78.
SUBJECT_MAX_LENGTH = 200
URL_MAX_LENGTH = 2000
# Years with four digits, and far enough from the calendar's ends to count days around them.
FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2100, 12, 31)


def folded(label: str) -> str:
    """Fold case, quotes and white space, so that two spellings of one name are equal."""
    return " ".join(label.replace("’", "'").replace("‘", "'").casefold().split())


class IssueQuerySet(models.QuerySet["Issue"]):
    def public(self) -> Self:
        """Issues that anybody may read on the web.

        A cancelled one is among them if somebody has it, so that its links go on working.
        """
        out = Q(state__in=[IssueState.SENDING, IssueState.PAUSED, IssueState.SENT])
        deliveries = apps.get_model("newsletter", "Delivery").objects
        read = deliveries.filter(issue=OuterRef("pk"), state__in=OUT)
        return self.filter(out | (Q(state=IssueState.CANCELLED) & Exists(read)))

    def rested(self, now: datetime) -> Self:
        """Issues whose mail server has not asked to be left alone until later."""
        return self.filter(Q(rests_until=None) | Q(rests_until__lte=now))

    def welcoming(self) -> Self:
        """Issues that may welcome readers: out, and their corrections frozen for the mails."""
        revisions = apps.get_model("newsletter", "Revision").objects
        frozen = revisions.filter(issue=OuterRef("pk"), created_at__gte=OuterRef("corrected_at"))
        out = self.in_state(IssueState.SENDING, IssueState.SENT)
        return out.filter(Q(corrected_at=None) | Exists(frozen))

    def of_kind(self, kind: str) -> Self:
        return self.filter(kind=kind)

    def in_state(self, *states: str) -> Self:
        return self.filter(state__in=states)

    def newest_first(self) -> Self:
        return self.order_by("-period_end", "kind", "-pk")


class Issue(models.Model):
    """A daily or weekly digest, from its draft to the archive."""

    class Kind(models.TextChoices):
        DAILY = "daily", _("daily")
        WEEKLY = "weekly", _("weekly")

    State = IssueState
    STATE_CHOICES: ClassVar = [
        (IssueState.DRAFT.value, _("draft")),
        (IssueState.APPROVED.value, _("approved")),
        (IssueState.SENDING.value, _("sending")),
        (IssueState.PAUSED.value, _("paused")),
        (IssueState.SENT.value, _("sent")),
        (IssueState.CANCELLED.value, _("cancelled")),
    ]

    kind = models.CharField(max_length=8, choices=Kind, default=Kind.DAILY)
    period_start = models.DateField(help_text=_("A daily starts and ends on its day."))
    period_end = models.DateField()
    slug = models.SlugField(max_length=40, unique=True, editable=False)
    subject = models.CharField(
        max_length=SUBJECT_MAX_LENGTH,
        blank=True,
        help_text=_("The line in the inbox. Left empty, the first headline is taken."),
    )
    opening = models.TextField(
        blank=True, help_text=_("Signal of the Day, or the weekly's Week in Review. Markdown.")
    )
    opening_about = models.CharField(
        max_length=HEADLINE_MAX_LENGTH,
        blank=True,
        help_text=_("The headline that the Signal is about, if it is about one."),
    )
    patterns = models.TextField(blank=True, help_text=_("Patterns Across Companies. Markdown."))
    listed_sources = models.JSONField(
        default=list, blank=True, help_text=_("The names under “Sources” in the pasted text.")
    )

    state = models.CharField(
        max_length=10, choices=STATE_CHOICES, default=IssueState.DRAFT.value, editable=False
    )
    state_reason = models.CharField(max_length=300, blank=True, editable=False)
    rests_until = models.DateTimeField(
        null=True,
        editable=False,
        help_text=_("Its mail server could not be reached, or asked for time."),
    )
    audience = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("Readers at the moment of planning.")
    )
    correction_note = models.TextField(
        blank=True, help_text=_("Shown above the web copy when it was corrected after sending.")
    )
    corrected_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    approved_at = models.DateTimeField(null=True, blank=True, editable=False)
    planned_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar = IssueQuerySet.as_manager()

    class Meta:
        ordering = ["-period_end", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "period_end"], name="issue_one_a_period"),
            models.CheckConstraint(
                condition=~Q(kind="daily") | Q(period_start=F("period_end")),
                name="issue_daily_is_one_day",
            ),
            models.CheckConstraint(
                condition=Q(period_end__gte=F("period_start")), name="issue_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(period_start__gte=FIRST_DAY, period_end__lte=LAST_DAY),
                name="issue_of_our_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in IssueState]),
                name="issue_state_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["daily", "weekly"]), name="issue_kind_known"
            ),
        ]
        permissions = [("send_issue", _("Can approve, send, pause and cancel issues"))]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The title, derived from kind and dates and never typed."""
        return title_of(self.kind, self.period_start, self.period_end)

    def become(
        self, state: IssueState, *, out_of: IssueState | None = None, **fields: object
    ) -> None:
        """Move to a state and set fields with it, in one conditional UPDATE.

        Raises WrongState where the issue, as it stands in the database now, cannot move
        there, or is not in the one state ``out_of`` which the caller means.
        """
        before = issues_before(state) & ({out_of} if out_of else set(IssueState))
        rows = Issue.objects.filter(pk=self.pk, state__in=before)
        moved = rows.update(state=state.value, **fields)
        self.refresh_from_db()
        if not moved:
            raise WrongState(self.slug, self.state, state)


def title_of(kind: str, start: date, end: date) -> str:
    """Return an issue's title: the publication's name, an em dash, a day or a range."""
    period = end.isoformat()
    if kind == Issue.Kind.WEEKLY:
        period = f"Week of {start.isoformat()} to {end.isoformat()}"
    return f"{settings.PUBLICATION_NAME} — {period}"


def slug_of(kind: str, end: date) -> str:
    """Return an issue's slug: its kind and the last day of its period."""
    return f"{kind}-{end.isoformat()}"


class Story(models.Model):
    """One story of an issue; its key is its anchor on the web and its block in the mail."""

    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="stories")
    position = models.PositiveIntegerField(default=0)
    key = models.SlugField(max_length=KEY_MAX_LENGTH, editable=False)
    headline = models.CharField(max_length=HEADLINE_MAX_LENGTH)
    company = models.CharField(
        max_length=HEADLINE_MAX_LENGTH, blank=True, help_text=_("The label as the digest has it.")
    )
    body = models.TextField(help_text=_("Markdown."))
    url = models.URLField(max_length=URL_MAX_LENGTH, blank=True)
    taken_from = models.CharField(
        max_length=40 + KEY_MAX_LENGTH + 1,
        blank=True,
        help_text=_("A weekly's story out of a daily: the daily's slug, a slash, the key."),
    )
    unattributed = models.BooleanField(
        default=False, help_text=_("An editor said that none of our sources carried it.")
    )
    sources = models.ManyToManyField(
        Source, through="StorySource", blank=True, related_name="stories"
    )

    class Meta:
        verbose_name_plural = _("stories")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["issue", "key"], name="story_key_once_an_issue"),
        ]

    def __str__(self) -> str:
        return self.headline


class StorySource(models.Model):
    """That a story came from a source: confirmed by an editor, or suggested by a rule."""

    class Rule(models.TextChoices):
        EXPLICIT = "explicit", _("named by the editor")
        URL = "url", _("the story's address")
        HEADLINE = "headline", _("the headline's first word")
        COMPANY = "company", _("the company's label")

    story = models.ForeignKey(Story, on_delete=models.CASCADE, related_name="credits")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="credits")
    confirmed = models.BooleanField(default=True)
    rule = models.CharField(max_length=10, choices=Rule, default=Rule.EXPLICIT)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["story", "source"], name="story_source_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source}{'' if self.confirmed else '?'}"


class Thread(models.Model):
    """A titled paragraph of a weekly's Developing Threads."""

    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="threads")
    position = models.PositiveIntegerField(default=0)
    key = models.SlugField(max_length=KEY_MAX_LENGTH, editable=False)
    title = models.CharField(max_length=HEADLINE_MAX_LENGTH)
    body = models.TextField(help_text=_("Markdown."))

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["issue", "key"], name="thread_key_once_an_issue"),
        ]

    def __str__(self) -> str:
        return self.title


class SourceAlias(models.Model):
    """A label that stories carry, and a source that it stands for; a label may have several."""

    label = models.CharField(max_length=HEADLINE_MAX_LENGTH)
    folded = models.CharField(max_length=HEADLINE_MAX_LENGTH, editable=False, db_index=True)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="aliases")

    class Meta:
        verbose_name_plural = _("source aliases")
        ordering = ["folded", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["folded", "source"], name="source_alias_once"),
        ]

    def __str__(self) -> str:
        return f"{self.label} → {self.source}"

    def save(self, *args: object, **kwargs: object) -> None:
        self.folded = folded(self.label)
        super().save(*args, **kwargs)  # type: ignore[arg-type]
