"""The Celery application. Tasks only wake workers: what is due stands in the database."""

import os
from functools import partial
from typing import Any

from celery import Celery
from celery.signals import (
    task_received,
    worker_process_init,
    worker_ready,
    worker_shutting_down,
)
from celery.utils.nodenames import worker_direct

from config import folder_queue
from config.garbage import leave_alone_what_stays
from config.listening import Listener, end
from config.stopping import stop_flag

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# For messages in hand, before a worker that takes no tasks any more is ended.
GRACE_SECONDS = 30.0

folder_queue.use()
app = Celery("broadsheet")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def listen(sender: Any, **kwargs: object) -> None:
    """Watch whether tasks arrive at the worker that has just become ready."""
    to_itself = worker_direct(sender.hostname)
    listener = Listener(
        lambda: app.send_task("newsletter.tasks.pulse", queue=to_itself, retry=False),
        partial(end, GRACE_SECONDS),
        patience=app.conf.worker_patience_seconds,
    )
    task_received.connect(listener.heard, weak=False)
    listener.keep_looking()


worker_shutting_down.connect(stop_flag.raise_)
worker_ready.connect(listen)


def tidy(**kwargs: object) -> None:
    """Do so in a worker of threads, and in each child of one that forks."""
    leave_alone_what_stays()


worker_ready.connect(tidy)
worker_process_init.connect(tidy)
