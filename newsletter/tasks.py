"""What Celery runs: ids in, one call each. Losing a task loses nothing but a minute."""

from __future__ import annotations

import logging
from typing import Any

from celery import Task, shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import ChannelError, OperationalError

from config.stopping import stop_flag
from newsletter import heartbeats, ledger, restoring, sending, ticking, welcoming
from newsletter.tracking.imap import fetch_in_passing

log = logging.getLogger(__name__)


@shared_task(bind=True)
def pulse(self: Task[[], None]) -> None:
    """Show that this worker takes tasks; it sends this one to itself (config.listening)."""
    heartbeats.record(name_of(self), working=False)


@shared_task(bind=True)
def tick(self: Task[[], None]) -> None:
    """Once a minute: see what is due, and wake workers for it."""
    heartbeats.record(name_of(self), working=False)
    for issue_id in ticking.tick(timezone.now()):
        for _ in range(settings.DRAINS_PER_ISSUE):
            wake(issue_id)


@shared_task(bind=True)
def drain(self: Task[[int], None], issue_id: int) -> None:
    """Send what is due of one issue for a while, and let a worker go on with what is left."""
    heartbeats.record(name_of(self), working=True)
    if restoring.is_older():
        return  # the next tick stops what is open, and says why
    done = sending.drain(issue_id, stop=stop_flag.is_raised)
    ticking.close_finished(timezone.now())
    if done.cut_off:
        # Behind what waits already. Each tick wakes more than there are workers in the end:
        # those that nobody takes until the next one expire.
        wake(issue_id)


@shared_task
def welcome(subscriber_id: int) -> None:
    """Give a reader who has just confirmed the latest issue."""
    delivery = welcoming.welcome(subscriber_id, now=timezone.now())
    if delivery is not None:
        wake(delivery.issue_id)


@shared_task
def janitor() -> None:
    """Put right what dead workers left."""
    heartbeats.forget_gone()
    swept = ledger.sweep()
    if swept.anything:
        log.warning("janitor: %s", swept)


@shared_task
def fetch_bounces() -> None:
    """Read the mailbox that bounces arrive in, where one is named."""
    fetch_in_passing(clock=timezone.now, stop=stop_flag.is_raised)


def name_of(task: Task[..., None]) -> str:
    """Return the name of the worker that runs a task, also where it is called as a function."""
    return task.request.hostname or heartbeats.name_of("here")


def wake(issue_id: int) -> None:
    """Ask a worker to send what is due; where the broker is away, the next tick asks again."""
    queue(drain, issue_id)


def welcome_soon(sender: object, *, subscriber_id: int, **kwargs: object) -> None:
    """Ask a worker to welcome a reader who has just confirmed: a receiver of ``confirmed``."""
    # Without retries: somebody waits for the page that says so.
    queue(welcome, subscriber_id, retry=False)


def queue(task: Task[[int], None], pk: int, **options: Any) -> None:
    try:
        task.apply_async(args=[pk], expires=settings.TICK_SECONDS, **options)
    except (OperationalError, ChannelError, OSError) as exc:
        log.warning("the broker is away, the next tick will wake a worker: %s", exc)
