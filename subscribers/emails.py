"""Mails about a subscription itself. None holds a word that a stranger typed into the form."""

import textwrap
from email.charset import QP, Charset
from email.utils import make_msgid

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from subscribers.links import absolute, choices_url, confirm_url
from subscribers.models import CONFIRM_WITHIN, Subscriber

State = Subscriber.State
# RFC 3676 §4.2 asks for lines of 78 at most; 72 leave room for marks of quotation.
TEXT_WIDTH = 72


def quoted_printable() -> Charset:
    """Return UTF-8 in quoted-printable: seven bits, as RFC 6376 §5.3 wants before signing."""
    charset = Charset("utf-8")
    charset.body_encoding = QP
    return charset


def wrapped(text: str) -> str:
    """Return a text with its long lines broken between words; addresses stay whole."""
    return "\n".join(
        textwrap.fill(line, TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    )


def answer_request(subscriber_id: int) -> bool:
    """Send what helps somebody who asked to subscribe; tell whether there was anything.

    Which mail it is depends on the reader's state now. Raises what the mail server's
    connection raises.
    """
    reader = Subscriber.objects.exclude(state=State.SUPPRESSED).filter(pk=subscriber_id).first()
    if reader is None:
        return False
    with translation.override(reader.language):
        message = (
            already_mail(reader) if reader.state == State.ACTIVE else confirmation_mail(reader)
        )
    message.send()
    return True


def confirmation_mail(reader: Subscriber) -> EmailMultiAlternatives:
    """Return the mail whose link leads to the page with the confirm button."""
    subject = _("Confirm your subscription to %(name)s") % {"name": settings.PUBLICATION_NAME}
    return mail(reader, "confirmation", subject=subject, link=confirm_url(reader.pk))


def already_mail(reader: Subscriber) -> EmailMultiAlternatives:
    """Return the mail for somebody who reads already: a link to their choices."""
    subject = _("You already read %(name)s") % {"name": settings.PUBLICATION_NAME}
    return mail(reader, "already", subject=subject, link=choices_url(reader.pk))


def mail(reader: Subscriber, name: str, *, subject: str, link: str) -> EmailMultiAlternatives:
    context = {
        "subject": subject,
        "link": link,
        "home": absolute("/"),
        "days": CONFIRM_WITHIN.days,
        "publication_name": settings.PUBLICATION_NAME,
        "postal_address": settings.POSTAL_ADDRESS,
        "language": translation.get_language() or settings.LANGUAGE_CODE,
    }
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=wrapped(render_to_string(f"subscribers/email/{name}.txt", context)),
        to=[reader.email],
        reply_to=[settings.REPLY_TO] if settings.REPLY_TO else None,
        headers={
            "Message-ID": make_msgid(domain=settings.MAIL_DOMAIN),
            # RFC 3834 §5: no vacation notice shall answer this.
            "Auto-Submitted": "auto-generated",
        },
    )
    message.encoding = quoted_printable()
    message.attach_alternative(
        render_to_string(f"subscribers/email/{name}.html", context), "text/html"
    )
    return message
