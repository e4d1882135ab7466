"""People and what they follow."""

from __future__ import annotations

import uuid
import zoneinfo
from datetime import timedelta
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from subscribers.audience import SubscriberQuerySet

# RFC 5321 §4.5.3.1.3 allows a path of 256 octets with its angle brackets.
EMAIL_MAX_LENGTH = 254
# The longest name in the IANA database of 2026 has 32 characters.
ZONE_MAX_LENGTH = 64
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


class SourceQuerySet(models.QuerySet["Source"]):
    def offered(self) -> Self:
        """Sources a reader can choose: neither retired nor merged into another."""
        return self.filter(retired_at=None, merged_into=None)

    def present_ids(self) -> dict[int, int]:
        """Map every source's id to that of the source under its present name.

        Merges are followed to their end; in a ring of them, once around.
        """
        merged_into = dict(self.values_list("pk", "merged_into"))

        def present(pk: int) -> int:
            seen: set[int] = set()
            while (target := merged_into[pk]) is not None and pk not in seen:
                seen.add(pk)
                pk = target
            return pk

        return {pk: present(pk) for pk in merged_into}

    def merge_groups(self) -> dict[int, frozenset[int]]:
        """Map every source's id to the ids of all sources that are the same one."""
        members: dict[int, set[int]] = {}
        for pk, present in self.present_ids().items():
            members.setdefault(present, set()).add(pk)
        groups = (frozenset(group) for group in members.values())
        return {pk: group for group in groups for pk in group}


class Source(models.Model):
    """A feed that stories are credited to and that a reader can follow."""

    position = models.PositiveIntegerField(
        default=0, help_text=_("The order in forms; not alphabetical.")
    )
    name = models.CharField(max_length=200, unique=True)
    slug = models.SlugField(max_length=80, unique=True, help_text=_("Never changes once used."))
    company = models.CharField(max_length=200, help_text=_("Who stands behind the source."))
    homepage_url = models.URLField(
        max_length=500, help_text=_("Stories whose address begins with this are attributed to it.")
    )
    feed_url = models.URLField(max_length=500, blank=True)
    merged_into = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="merged",
        help_text=_("The same source under its present name; filters follow it."),
    )
    retired_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Since then it is off the form; old issues keep it.")
    )

    objects: ClassVar = SourceQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=F("pk")),
                name="source_not_merged_into_itself",
            ),
        ]

    def __str__(self) -> str:
        return self.name


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
    language = models.CharField(max_length=10, default="en")
    paused_until = models.DateField(
        null=True, blank=True, help_text=_("No mail up to and including this day.")
    )

    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = SubscriberQuerySet.as_manager()

    class Meta:
        verbose_name = _("reader")
        verbose_name_plural = _("readers")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Lower("email")), name="subscriber_email_folded"
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
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """Refuse a time zone that this machine's database does not know."""
        if self.time_zone not in zoneinfo.available_timezones():
            raise ValidationError({"time_zone": _("“%s” is no time zone.") % self.time_zone})


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

    class Origin(models.TextChoices):
        FORM = "form", _("subscribe form")
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
                condition=Q(kind="subscribed", origin="form", answered_at=None),
                name="consent_request_unanswered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.kind} {self.at:%Y-%m-%d %H:%M}"
