"""That workers take work, written down by the database's clock, and what to say if none does.

``seen_at`` is when a worker last took a task, ``worked_at`` when it last took one that sends an
issue. Every tick wakes workers for what is due, so where nobody worked for many ticks while
something was, nobody listens.
"""

from __future__ import annotations

import socket
from datetime import datetime, timedelta

from django.db.models import Min
from django.db.models.functions import Now

from newsletter import mailers, schedule
from newsletter.models import Delivery, Heartbeat, Issue
from newsletter.states import IssueState

# A worker that was not seen for this long was taken away.
FORGET_AFTER = timedelta(days=7)


def name_of(program: str) -> str:
    """Return a name for a program on this machine, as Celery names its workers."""
    return f"{program}@{socket.gethostname()}"


def record(worker: str, *, working: bool) -> None:
    """Write that a worker has just taken a task, and whether it sends an issue."""
    now = {"seen_at": Now(), **({"worked_at": Now()} if working else {})}
    Heartbeat.objects.update_or_create(worker=worker, defaults=now)


def forget_gone() -> int:
    """Forget workers that were taken away long ago; returns how many."""
    gone, _ = Heartbeat.objects.filter(seen_at__lt=Now() - FORGET_AFTER).delete()
    return gone


def complaints(now: datetime, patience: timedelta) -> list[str]:
    """Say what has been due for longer than ``patience`` while nobody worked on it.

    Besides, which mailers wait for an operator. Empty where nothing is overdue, or somebody is
    at it, and no mailer waits.
    """
    helpless = [
        f"The mailer {name} is not used before somebody has helped: {reason}"
        for name, reason in sorted(mailers.in_need().items())
    ]
    found = unplanned(now - patience)
    if not Heartbeat.objects.filter(worked_at__gt=Now() - patience).exists():
        found += unsent(now - patience)
    return [*helpless, *found, *last_words()] if found else helpless


def unsent(before: datetime) -> list[str]:
    """Name issues of which messages are due since before then, and could go out."""
    sending = Issue.objects.in_state(IssueState.SENDING).rested(before)
    late = sending.filter(deliveries__in=Delivery.objects.due(before))
    return [
        f"{slug}: messages are due since {since:%Y-%m-%d %H:%M} UTC, and no worker has taken "
        "one meanwhile."
        for slug, since in late.annotate(since=Min("deliveries__due_at"))
        .order_by("pk")
        .values_list("slug", "since")
    ]


def unplanned(before: datetime) -> list[str]:
    """Name issues that were approved, and whose day had begun, before then."""
    approved = Issue.objects.in_state(IssueState.APPROVED).filter(approved_at__lt=before)
    return [
        f"{issue.slug}: it is approved and its day has begun, but no tick has planned it."
        for issue in approved.order_by("pk")
        if schedule.earliest_due(issue.period_end) < before
    ]


def last_words() -> list[str]:
    """Say when each known worker was last seen."""
    known = Heartbeat.objects.order_by("worker")
    if not known:
        return ["No worker was ever seen on this database."]
    return [
        f"{beat.worker} was last seen {beat.seen_at:%Y-%m-%d %H:%M} UTC, and last at work "
        + (f"{beat.worked_at:%Y-%m-%d %H:%M} UTC." if beat.worked_at else "never.")
        for beat in known
    ]
