"""What the workers do for people: a task takes an id and makes one call."""

from celery import shared_task

from subscribers import emails


@shared_task(ignore_result=True)
def send_confirmation(subscriber_id: int) -> None:
    """Answer a request to subscribe."""
    emails.answer_request(subscriber_id)
