"""Readers: an address, what it may be sent, and what it chose."""

from __future__ import annotations

import uuid
import zoneinfo
from datetime import timedelta
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from subscribers.audience import SubscriberQuerySet
from subscribers.models.sources import Source

# RFC 5321 §4.5.3.1.3 allows a path of 256 octets with its angle brackets.
EMAIL_MAX_LENGTH = 254
# The longest name in the IANA database of 2026 has 32 characters.
ZONE_MAX_LENGTH = 64
LANGUAGE_MAX_LENGTH = 10
LAST_HOUR = 23
LAST_WEEKDAY = 6
# After that an unconfirmed request is forgotten.
CONFIRM_WITHIN = timedelta(days=7)


class Weekday(models.IntegerChoices):
    """Days as ``date.weekday()`` counts them."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class Subscriber(models.Model):
    """A reader: an address, whether it may be mailed, and what it chose."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting for confirmation")
        ACTIVE = "active", _("active")
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        SUPPRESSED = "suppressed", _("suppressed")

    class Suppression(models.TextChoices):
        BOUNCED = "bounced", _("the address does not exist")
        COMPLAINED = "complained", _("marked our mail as spam")
        MANUAL = "manual", _("suppressed by hand")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(
        max_length=EMAIL_MAX_LENGTH,
        unique=True,
        help_text=_("The normalised form: folded to lower case, the domain as A-labels."),
    )
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    soft_bounces = models.PositiveSmallIntegerField(
        default=0,
        editable=False,
        help_text=_("Mails in a row that came back for now; a delivered one sets it to nothing."),
    )
    suppression = models.CharField(max_length=16, choices=Suppression, blank=True, default="")

    wants_daily = models.BooleanField(default=True)
    wants_weekly = models.BooleanField(default=True)
    all_sources = models.BooleanField(
        default=True, help_text=_("All sources, also those added later.")
    )
    sources = models.ManyToManyField(Source, blank=True, related_name="readers")
    hour = models.PositiveSmallIntegerField(default=7, help_text=_("0 to 23, reader's time."))
    weekday = models.PositiveSmallIntegerField(
        choices=Weekday, default=Weekday.SATURDAY, help_text=_("When the weekly comes.")
    )
    time_zone = models.CharField(max_length=ZONE_MAX_LENGTH, default="UTC")
    language = models.CharField(
        max_length=LANGUAGE_MAX_LENGTH, default="en", help_text=_("Of mails and personal pages.")
    )
    paused_until = models.DateField(
        null=True, blank=True, help_text=_("No mail up to and including this day.")
    )

    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    link_epoch = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text=_("Rises when the address changes: personal links from before open nothing."),
    )
    welcome_due_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text=_("Since then the reader is to get the latest issue as a welcome."),
    )

    objects: ClassVar = SubscriberQuerySet.as_manager()

    class Meta:
        verbose_name = _("reader")
        verbose_name_plural = _("readers")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Lower("email"), email__contains="@"),
                name="subscriber_email_folded",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "active", "unsubscribed", "suppressed"]),
                name="subscriber_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(confirmed_at__isnull=False),
                name="subscriber_active_was_confirmed",
            ),
            models.CheckConstraint(
                condition=Q(state="suppressed", suppression__gt="")
                | (~Q(state="suppressed") & Q(suppression="")),
                name="subscriber_suppressed_with_reason",
            ),
            models.CheckConstraint(condition=Q(hour__lte=LAST_HOUR), name="subscriber_hour_of_day"),
            models.CheckConstraint(
                condition=Q(weekday__lte=LAST_WEEKDAY), name="subscriber_day_of_week"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state="active"), name="subscriber_active"),
            models.Index(
                fields=["welcome_due_at"],
                condition=Q(welcome_due_at__isnull=False),
                name="subscriber_to_welcome",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """Refuse a time zone that this machine's database does not know."""
        if self.time_zone not in zoneinfo.available_timezones():
            raise ValidationError({"time_zone": _("“%s” is no time zone.") % self.time_zone})


class Mute(models.Model):
    """That a reader wants fewer stories of a source: none until a day, or none at all."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="mutes")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="mutes")
    until = models.DateField(
        null=True, blank=True, help_text=_("The last day without it; empty means for good.")
    )

    class Meta:
        ordering = ["source"]
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "source"], name="mute_once_a_source"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.until or ''}".strip()


class AddressChange(models.Model):
    """That a reader wants to move to another address, which has to confirm it first."""

    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.CASCADE, related_name="address_changes"
    )
    email = models.EmailField(
        max_length=EMAIL_MAX_LENGTH, help_text=_("The new address in its normalised form.")
    )
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True, help_text=_("When it got its mail."))
    answer_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    done_at = models.DateTimeField(null=True, blank=True, help_text=_("When it was confirmed."))

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Lower("email"), email__contains="@"),
                name="address_change_email_folded",
            ),
        ]
        indexes = [
            models.Index(
                fields=["asked_at"],
                condition=Q(answered_at=None),
                name="address_change_unanswered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.asked_at:%Y-%m-%d %H:%M}"
