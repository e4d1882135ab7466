"""What stands at the door: requests that wait to be worked on, and how many came."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from subscribers.models.consent import ConsentEvent
from subscribers.models.people import EMAIL_MAX_LENGTH

# A kind of counter, a colon, and 128 bits of an HMAC in hexadecimal.
QUOTA_KEY_MAX_LENGTH = 64


class SignUp(models.Model):
    """A request to subscribe, as it came in; a worker finds out what helps that person.

    Every request is stored the same way, whosever address it names, so that nothing about
    the answer tells whether we know the address. One address has one row at most.
    """

    email = models.EmailField(
        max_length=EMAIL_MAX_LENGTH, unique=True, help_text=_("The normalised form.")
    )
    choices = models.JSONField()
    origin = models.CharField(max_length=16, choices=ConsentEvent.Origin)
    asked_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Lower("email"), email__contains="@"), name="sign_up_email_folded"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.origin} {self.asked_at:%Y-%m-%d %H:%M}"


class Quota(models.Model):
    """How often something was done within a window of time; networks stand as an HMAC."""

    key = models.CharField(max_length=QUOTA_KEY_MAX_LENGTH)
    window = models.DateTimeField(db_index=True, help_text=_("When the window began."))
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "window"], name="quota_once_a_window"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.count}"
