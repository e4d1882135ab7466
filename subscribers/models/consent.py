"""What readers agreed to, and when."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from subscribers.models.people import Subscriber

DETAIL_MAX_LENGTH = 300


class ConsentEvent(models.Model):
    """What a reader agreed to, changed or withdrew: when, and where it came from."""

    class Kind(models.TextChoices):
        SUBSCRIBED = "subscribed", _("asked to subscribe")
        CONFIRMED = "confirmed", _("confirmed the address")
        CHANGED = "changed", _("changed the choices")
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        RESUBSCRIBED = "resubscribed", _("came back")
        SUPPRESSED = "suppressed", _("suppressed")
        UNSUPPRESSED = "unsuppressed", _("suppression lifted")
        MOVED = "moved", _("changed the address")

    class Origin(models.TextChoices):
        FORM = "form", _("subscribe form")
        EMBED = "embed", _("a form on another site")
        API = "api", _("a program, by JSON")
        LINK = "link", _("link in a mail")
        ONE_CLICK = "one_click", _("one-click unsubscribe")
        PAGE = "page", _("choices page")
        ADMIN = "admin", _("an editor")
        PROVIDER = "provider", _("the mail provider")
        SAMPLE = "sample", _("sample data")

    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.CASCADE, related_name="consent_events"
    )
    kind = models.CharField(max_length=16, choices=Kind)
    origin = models.CharField(max_length=16, choices=Origin)
    at = models.DateTimeField()
    choices = models.JSONField(
        default=dict, blank=True, help_text=_("The choices in force after the event.")
    )
    detail = models.CharField(
        max_length=DETAIL_MAX_LENGTH,
        blank=True,
        default="",
        help_text=_("Why a reader left, or which address they had before."),
    )
    answered_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When a request to subscribe got its mail.")
    )
    answer_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["at", "pk"]
        indexes = [
            models.Index(
                fields=["at"],
                condition=Q(
                    kind="subscribed", origin__in=["form", "embed", "api"], answered_at=None
                ),
                name="consent_request_unanswered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.kind} {self.at:%Y-%m-%d %H:%M}"
