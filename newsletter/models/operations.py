"""What workers tell each other by the database: that they live, and that it is the same one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

WORKER_NAME_MAX_LENGTH = 200


class Heartbeat(models.Model):
    """That a worker was alive, and when it last took work."""

    worker = models.CharField(max_length=WORKER_NAME_MAX_LENGTH, unique=True)
    seen_at = models.DateTimeField(help_text=_("By the database's clock."))
    worked_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When it last took a task that sends an issue.")
    )

    class Meta:
        ordering = ["worker"]

    def __str__(self) -> str:
        return self.worker


class LedgerMark(models.Model):
    """How far this database has come: a number that only grows, kept beside it on disk too.

    A database that was restored from a backup has a lower one than what workers remember.
    """

    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="ledger_mark_is_one_row"),
        ]

    def __str__(self) -> str:
        return str(self.number)
