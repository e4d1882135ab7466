"""What the workers do for people: a task takes an id and makes one call."""

from celery import shared_task
from django.utils import timezone

from subscribers import answering, forgetting, signing_up


@shared_task
def work_on_sign_up(sign_up_id: int) -> None:
    """Find out what a request to subscribe asks for, and do it."""
    signing_up.work_on(sign_up_id, now=timezone.now())


@shared_task
def send_confirmation(subscriber_id: int) -> None:
    """Answer a request to subscribe."""
    answering.answer(subscriber_id, now=timezone.now())


@shared_task
def send_address_mail(change_id: int) -> None:
    """Ask a reader's new address to confirm, or tell the former one that they moved."""
    answering.answer_change(change_id, now=timezone.now())


@shared_task
def work_on_forgotten() -> None:
    """Work on requests to subscribe whose task was lost."""
    signing_up.work_on_forgotten(timezone.now())


@shared_task
def answer_forgotten() -> None:
    """Send mails that people asked for and whose task was lost."""
    answering.answer_forgotten(timezone.now())


@shared_task
def forget_unconfirmed() -> None:
    """Forget whoever never confirmed."""
    forgetting.forget_unconfirmed(timezone.now())


@shared_task
def clear_quotas() -> None:
    """Forget how much came, once it no longer matters."""
    forgetting.clear_quotas(timezone.now())
