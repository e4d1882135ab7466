"""What all workers know of a mailer: whether it rests, and how much of its allowance is left."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

MAILER_NAME_LENGTH = 30
# RFC 1035 §2.3.4.
DOMAIN_LENGTH = 255


class MailerState(models.Model):
    """One row a mailer of the settings: its breaker, and the bucket that all workers draw from.

    All times are by the database's clock.
    """

    name = models.CharField(max_length=MAILER_NAME_LENGTH, unique=True)
    rests_until = models.DateTimeField(
        null=True, blank=True, help_text=_("Nothing goes through it before that.")
    )
    failures = models.PositiveIntegerField(
        default=0, help_text=_("How often in a row it could not be used.")
    )
    needs_operator = models.BooleanField(
        default=False, help_text=_("It refuses us, and will until somebody has helped.")
    )
    reason = models.CharField(max_length=300, blank=True, default="")
    next_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When its bucket is full again.")
    )
    day = models.DateField(null=True, blank=True, help_text=_("The day that is counted."))
    begun = models.PositiveIntegerField(
        default=0, help_text=_("Messages that were begun on that day.")
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class DomainTurn(models.Model):
    """When a domain of recipients takes its next message from a mailer, and its queue's end."""

    mailer = models.CharField(max_length=MAILER_NAME_LENGTH)
    domain = models.CharField(max_length=DOMAIN_LENGTH)
    next_at = models.DateTimeField(null=True, help_text=_("When its next message may leave."))
    queue_until = models.DateTimeField(
        null=True, help_text=_("When the last message that was put off is to leave.")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mailer", "domain"], name="domain_turn_once"),
        ]

    def __str__(self) -> str:
        return f"{self.domain} by {self.mailer}"
