"""What Celery runs: ids in, one call each. Losing a task loses nothing but a minute."""

import logging

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import ChannelError, OperationalError

from newsletter import ledger, sending, ticking

log = logging.getLogger(__name__)


@shared_task
def tick() -> None:
    """Once a minute: see what is due, and wake workers for it."""
    for issue_id in ticking.tick(timezone.now()):
        for _ in range(settings.DRAINS_PER_ISSUE):
            wake(issue_id)


@shared_task
def drain(issue_id: int) -> None:
    """Send what is due of one issue for a while."""
    sending.drain(issue_id)
    ticking.close_finished(timezone.now())


@shared_task
def janitor() -> None:
    """Put right what dead workers left."""
    swept = ledger.sweep()
    if swept.anything:
        log.warning("janitor: %s", swept)


def wake(issue_id: int) -> None:
    """Ask a worker to send what is due; where the broker is away, the next tick asks again."""
    try:
        drain.apply_async(args=[issue_id], expires=settings.TICK_SECONDS)
    except (OperationalError, ChannelError, OSError) as exc:
        log.warning("the broker is away, the next tick will wake a worker: %s", exc)
