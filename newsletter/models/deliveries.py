"""The ledger: what was approved, who is to get it, and what became of each message."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from newsletter.models.issues import SUBJECT_MAX_LENGTH, Issue
from newsletter.models.mailers import MAILER_NAME_LENGTH
from newsletter.states import LEASED, OPEN, DeliveryState
from subscribers.models import Subscriber

# A SHA-256 in hexadecimal.
HASH_LENGTH = 64
# A worker may be killed by chance; this often over one row alone is no chance.
MAX_DEATHS = 5
# Sorted, so that a migration made on another day is the same.
LEASED_VALUES = sorted(state.value for state in LEASED)


class RevisionQuerySet(models.QuerySet["Revision"]):
    def current(self) -> Self:
        """The newest first: deliveries not yet sent take it."""
        return self.order_by("-number")


class Revision(models.Model):
    """The frozen content of an issue, rendered once; later edits make another one."""

    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=HASH_LENGTH)
    subject = models.CharField(max_length=SUBJECT_MAX_LENGTH)
    content = models.JSONField(help_text=_("What was approved, as values."))
    rendered = models.JSONField(help_text=_("By language: its frame and blocks, HTML and text."))
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar = RevisionQuerySet.as_manager()

    class Meta:
        ordering = ["issue", "number"]
        constraints = [
            models.UniqueConstraint(fields=["issue", "number"], name="revision_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.issue} ({self.number})"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, now: datetime) -> Self:
        return self.filter(state=DeliveryState.PENDING, due_at__lte=now)

    def open(self) -> Self:
        """Rows that still wait for a due time, a worker or an answer."""
        return self.filter(state__in=OPEN)

    def doubtful(self) -> Self:
        """Rows of which nobody here knows whether the server took the message."""
        return self.filter(state=DeliveryState.AMBIGUOUS)

    def held(self, token: uuid.UUID) -> Self:
        """Rows that this claim still holds, by the database's clock."""
        return self.filter(token=token, lease_until__gt=Now())

    def expired(self) -> Self:
        return self.filter(state__in=LEASED, lease_until__lte=Now())


class Delivery(models.Model):
    """One issue for one reader: at most one message, and what became of it."""

    class Occasion(models.TextChoices):
        ISSUE = "issue", _("the issue")
        WELCOME = "welcome", _("a welcome")

    STATE_CHOICES: ClassVar = [
        (DeliveryState.PENDING.value, _("waiting")),
        (DeliveryState.CLAIMED.value, _("claimed")),
        (DeliveryState.SENDING.value, _("being sent")),
        (DeliveryState.SENT.value, _("sent")),
        (DeliveryState.FAILED.value, _("failed")),
        (DeliveryState.AMBIGUOUS.value, _("doubtful")),
        (DeliveryState.SKIPPED.value, _("skipped")),
        (DeliveryState.CANCELLED.value, _("cancelled")),
        (DeliveryState.DELIVERED.value, _("delivered")),
        (DeliveryState.BOUNCED.value, _("bounced")),
        (DeliveryState.COMPLAINED.value, _("complained")),
    ]

    # Message-ID and idempotency keys derive from it: fixed when the row is made.
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Without an index of its own: two of those below begin with the issue, and every move of a
    # row writes them all.
    issue = models.ForeignKey(
        Issue, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    subscriber = models.ForeignKey(
        Subscriber,
        null=True,
        on_delete=models.SET_NULL,
        related_name="deliveries",
        help_text=_("Empty once a reader was deleted; the books keep the row."),
    )
    revision = models.ForeignKey(
        Revision,
        null=True,
        on_delete=models.PROTECT,
        related_name="deliveries",
        db_index=False,  # asked for by nothing but the deletion of a revision
        help_text=_("What was sent; set with the intent."),
    )
    occasion = models.CharField(
        max_length=8,
        choices=Occasion,
        default=Occasion.ISSUE,
        help_text=_("A welcome brings somebody new the latest issue, also one that was sent."),
    )
    state = models.CharField(
        max_length=10, choices=STATE_CHOICES, default=DeliveryState.PENDING.value
    )
    reason = models.CharField(max_length=300, blank=True, default="")
    due_at = models.DateTimeField()
    deadline = models.DateTimeField(
        null=True, blank=True, help_text=_("Not begun after that: by then it is no longer news.")
    )
    token = models.UUIDField(null=True, help_text=_("The claim that holds the row."))
    lease_until = models.DateTimeField(null=True)
    deaths = models.PositiveSmallIntegerField(
        default=0, help_text=_("Workers that died or stopped while they held the row.")
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    intent_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    reply = models.CharField(max_length=300, blank=True, default="")
    mailer = models.CharField(
        max_length=MAILER_NAME_LENGTH,
        blank=True,
        default="",
        help_text=_("Which mailer has it, or may have it; empty as long as none does."),
    )
    variant = models.CharField(
        max_length=16, blank=True, default="", help_text=_("The set of stories that was left.")
    )
    stories = models.PositiveSmallIntegerField(null=True, help_text=_("How many were left."))
    shown = models.TextField(
        blank=True,
        default="",
        help_text=_("Which: bit n of this hexadecimal number is the revision's story n."),
    )

    objects: ClassVar = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("deliveries")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["issue", "subscriber"], name="delivery_once_an_issue_and_reader"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in DeliveryState]),
                name="delivery_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=LEASED_VALUES, lease_until__isnull=False, token__isnull=False)
                | (~Q(state__in=LEASED_VALUES) & Q(lease_until=None)),
                name="delivery_leased_while_in_hand",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "delivered", "bounced", "complained"])
                | Q(sent_at__isnull=False, intent_at__isnull=False),
                name="delivery_sent_has_its_times",
            ),
            models.CheckConstraint(
                condition=Q(occasion__in=["issue", "welcome"]), name="delivery_occasion_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="skipped")
                | Q(reason__in=["filter_empty", "unsubscribed", "suppressed", "paused"]),
                name="delivery_skipped_for_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | Q(reason__gt=""),
                name="delivery_failed_for_a_reason",
            ),
        ]
        indexes = [
            # With the key, for claims ask for the first by both, and many are due at once.
            models.Index(
                fields=["issue", "due_at", "id"],
                condition=Q(state="pending"),
                name="delivery_waiting_in_order",
            ),
            models.Index(
                fields=["issue", "mailer"],
                condition=Q(state="pending", mailer__gt=""),
                name="delivery_pinned",
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(lease_until__isnull=False),
                name="delivery_leased",
            ),
            models.Index(fields=["issue", "state"], name="delivery_books"),
        ]

    def __str__(self) -> str:
        return str(self.uid)


class DeliveryEvent(models.Model):
    """What a provider or a mail server reported about a delivery, once each."""

    class Kind(models.TextChoices):
        DELIVERED = "delivered", _("delivered")
        BOUNCED = "bounced", _("bounced")
        DEFERRED = "deferred", _("deferred")
        COMPLAINED = "complained", _("complained")
        REJECTED = "rejected", _("rejected")
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        AUTO_REPLIED = "auto_replied", _("answered by a program")
        SETTLED = "settled", _("settled by an operator")

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="events")
    key = models.CharField(max_length=200, unique=True, help_text=_("A replay has the same."))
    kind = models.CharField(max_length=16, choices=Kind)
    at = models.DateTimeField()
    detail = models.CharField(max_length=300, blank=True, default="")
    bounce = models.CharField(
        max_length=8,
        blank=True,
        default="",
        help_text=_("Of a bounce, what it says about the address: gone, soft or policy."),
    )
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"
