"""One reader's message: an edition as composed for them, under their address and subject."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import translation
from django.utils.translation import gettext as _

from newsletter.composing import ComposedMail, Composition
from newsletter.editions import Edition
from newsletter.links import links_of
from newsletter.messages import Envelope, message_for
from newsletter.models import Delivery
from newsletter.verp import sender_of
from newsletter.wire import WireMessage
from subscribers.models import Subscriber

# What a wire message does not ask of its cover.
NOTHING = ComposedMail(html="", text="")


def message_of(
    delivery: Delivery,
    reader: Subscriber,
    edition: Edition,
    composition: Composition,
    now: datetime,
    *,
    wired: bool = False,
) -> EmailMultiAlternatives | WireMessage:
    """Make one reader's message; raises ValueError where it cannot be one.

    With ``wired`` it is one that only our SMTP backend can send, made in a fraction of the time.
    """
    links = links_of(reader, delivery.pk, edition.issue.kind)
    envelope = Envelope(
        uid=delivery.uid,
        address=reader.email,
        unsubscribe_url=links.unsubscribe_url,
        kind=edition.issue.kind,
        slug=edition.issue.slug,
        subject=subject_of(delivery, reader, edition),
        at=now,
        sender=sender_of(delivery.pk),
    )
    if wired:
        return WireMessage(message_for(envelope, NOTHING), composition, links)
    return message_for(envelope, composition.mail(links))


def is_welcome(delivery: Delivery) -> bool:
    return delivery.occasion == Delivery.Occasion.WELCOME


def subject_of(delivery: Delivery, reader: Subscriber, edition: Edition) -> str:
    """Return the editor's subject; a welcome says in the reader's language what it is."""
    if not is_welcome(delivery):
        return edition.subject
    with translation.override(reader.language):
        return _("Welcome to %(publication)s: %(subject)s") % {
            "publication": settings.PUBLICATION_NAME,
            "subject": edition.subject,
        }
