"""Sending mails about a subscription itself: whom one goes to, and which it is."""

from collections.abc import Callable
from datetime import datetime

from django.core.mail import EmailMultiAlternatives
from django.utils import translation

from subscribers import letters
from subscribers.models import Subscriber
from subscribers.moving import Moving, change_of, former_address, others_at, state_of
from subscribers.restraint import is_left_alone

State = Subscriber.State


def answer_request(subscriber_id: int) -> bool:
    """Send what helps somebody who asked to subscribe; tell whether there was anything.

    Which mail it is depends on the reader's state now. Raises what the mail server's
    connection raises.
    """
    reader = Subscriber.objects.filter(pk=subscriber_id).first()
    if reader is None or is_left_alone(reader):
        return False
    reads = reader.state == State.ACTIVE
    return send(letters.already_mail if reads else letters.confirmation_mail, reader)


def answer_move(change_id: int, *, now: datetime) -> bool:
    """Send what helps whoever has the address that a reader wants to move to, if anything does.

    Raises what the mail server's connection raises.
    """
    change = change_of(change_id)
    found = state_of(change, now)
    if change is None or found not in (Moving.OPEN, Moving.TAKEN):
        return False
    if found is Moving.OPEN:
        return send(lambda _mover: letters.address_mail(change), change.subscriber)
    holder = others_at(change).filter(state=State.ACTIVE).first()
    return holder is not None and send(letters.taken_mail, holder)


def tell_former(change_id: int) -> bool:
    """Tell a reader's former address that they moved; False where nothing may go there.

    Raises what the mail server's connection raises.
    """
    change = change_of(change_id)
    former = former_address(change) if change else ""
    stopped = Subscriber.objects.filter(email=former, state=State.SUPPRESSED)
    if change is None or not former or stopped.exists():
        return False
    return send(lambda _mover: letters.moved_mail(former), change.subscriber)


def send(mail_for: Callable[[Subscriber], EmailMultiAlternatives], reader: Subscriber) -> bool:
    """Send a mail in the language that a reader chose."""
    with translation.override(reader.language):
        message = mail_for(reader)
    message.send()
    return True
