"""What the workers do for people: a task takes an id and makes one call."""

from celery import shared_task
from django.utils import timezone

from subscribers import answering


@shared_task
def send_confirmation(subscriber_id: int) -> None:
    """Answer a request to subscribe."""
    answering.answer(subscriber_id, now=timezone.now())


@shared_task
def answer_forgotten() -> None:
    """Answer requests whose task was lost."""
    answering.answer_forgotten(timezone.now())
