"""The Celery application. Tasks only wake workers: what is due stands in the database."""

import os

from celery import Celery
from celery.signals import worker_shutting_down

from config import folder_queue
from config.stopping import stop_flag

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

folder_queue.use()
app = Celery("broadsheet")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
worker_shutting_down.connect(stop_flag.raise_)
