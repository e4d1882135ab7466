"""Mails about a subscription itself, in the language that is active when they are made.

None holds a word that was typed into a form: no choice, no name, and an address only as that
to which it goes. So nobody can have us carry words of theirs to a stranger.
"""

import textwrap
from dataclasses import asdict, dataclass
from email.charset import QP, Charset
from email.utils import make_msgid

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from subscribers.links import absolute, address_url, choices_url, confirm_url
from subscribers.models import CONFIRM_WITHIN, AddressChange, Subscriber

# RFC 3676 §4.2 asks for lines of 78 at most; 72 leave room for marks of quotation.
TEXT_WIDTH = 72


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says around its one link; ``after`` are paragraphs."""

    subject: str
    before: str
    link: str
    button: str
    after: tuple[str, ...]


def confirmation_mail(reader: Subscriber) -> EmailMultiAlternatives:
    """Return the mail whose link leads to the page with the confirm button."""
    letter = Letter(
        subject=named(_("Confirm your subscription to %(name)s")),
        before=named(
            _(
                "Somebody, you we hope, asked us to send %(name)s to this address. "
                "Please confirm it on this page:"
            )
        ),
        link=confirm_url(reader),
        button=_("Confirm my subscription"),
        after=(
            for_some_days(),
            _(
                "It was not you? Then do nothing: without a confirmation we send nothing more. "
                "Whoever it was could put no word of their own into this mail."
            ),
        ),
    )
    return mail(letter, to=reader.email)


def already_mail(reader: Subscriber) -> EmailMultiAlternatives:
    """Return the mail for somebody who reads already: a link to their choices."""
    letter = Letter(
        subject=named(_("You already read %(name)s")),
        before=named(
            _(
                "Somebody, you we hope, asked us to send %(name)s to this address. You read it "
                "already, so nothing was changed. Here you can see and change your choices, "
                "or leave:"
            )
        ),
        link=choices_url(reader),
        button=_("My choices"),
        after=(_("It was not you? Then there is nothing to do."), keep_to_yourself()),
    )
    return mail(letter, to=reader.email)


def address_mail(change: AddressChange) -> EmailMultiAlternatives:
    """Return the mail that asks a new address to confirm; it says nothing about the reader."""
    letter = Letter(
        subject=named(_("Confirm your new address for %(name)s")),
        before=named(
            _(
                "Somebody, you we hope, asked us to send %(name)s to this address, instead of "
                "the one that it goes to now. Please confirm it on this page:"
            )
        ),
        link=address_url(change.pk),
        button=_("Use this address"),
        after=(
            for_some_days(),
            _(
                "It was not you? Then do nothing: without a confirmation all stays as it is, "
                "and we send nothing more. Whoever it was could put no word of their own into "
                "this mail."
            ),
        ),
    )
    return mail(letter, to=change.email)


def taken_mail(holder: Subscriber) -> EmailMultiAlternatives:
    """Return the mail for a reader to whose address another reader wants to move.

    Its link opens the holder's own choices, and nothing of the other reader's.
    """
    letter = Letter(
        subject=named(_("You already read %(name)s")),
        before=named(
            _(
                "Somebody, you we hope, asked us to send %(name)s to this address, instead of "
                "another one. This address gets it already, so nothing was changed. Here you "
                "can see and change what comes to it:"
            )
        ),
        link=choices_url(holder),
        button=_("My choices"),
        after=(
            _(
                "If you read it at both addresses, unsubscribe the other one by the link in "
                "any mail that it gets. It was not you? Then there is nothing to do."
            ),
            keep_to_yourself(),
        ),
    )
    return mail(letter, to=holder.email)


def moved_mail(former: str) -> EmailMultiAlternatives:
    """Return the mail that tells a former address of the move.

    It neither names the new address nor opens anything of the reader's: whose mailbox it is
    now, nobody knows.
    """
    letter = Letter(
        subject=named(_("%(name)s now goes to another address")),
        before=named(
            _(
                "As somebody, you we hope, asked on your choices page, %(name)s now goes to "
                "another address, which has confirmed it. This one gets nothing more. If you "
                "want it here too, or it was not you, you can subscribe again with this "
                "address:"
            )
        ),
        link=absolute("/"),
        button=_("Subscribe again"),
        after=(
            _(
                "Links in mails that came here before open your choices no more. Those to "
                "unsubscribe still work."
            ),
        ),
    )
    return mail(letter, to=former)


def named(text: str) -> str:
    return text % {"name": " ".join(settings.PUBLICATION_NAME.split())}


def for_some_days() -> str:
    days = CONFIRM_WITHIN.days
    return ngettext(
        "The link works for %(days)s day.", "The link works for %(days)s days.", days
    ) % {"days": days}


def keep_to_yourself() -> str:
    return _("Keep this mail to yourself: its link opens your choices without a password.")


def mail(letter: Letter, *, to: str) -> EmailMultiAlternatives:
    """Return a letter as text and as HTML."""
    context = {
        **asdict(letter),
        "home": absolute("/"),
        "publication_name": settings.PUBLICATION_NAME,
        "postal_address": settings.POSTAL_ADDRESS,
        "language": translation.get_language() or settings.LANGUAGE_CODE,
        "direction": "rtl" if translation.get_language_bidi() else "ltr",
    }
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=wrapped(render_to_string("subscribers/email/letter.txt", context)),
        to=[to],
        reply_to=[settings.REPLY_TO] if settings.REPLY_TO else None,
        headers={
            "Message-ID": make_msgid(domain=settings.MAIL_DOMAIN),
            # RFC 3834 §5: no vacation notice shall answer this.
            "Auto-Submitted": "auto-generated",
        },
    )
    message.encoding = quoted_printable()
    message.attach_alternative(
        render_to_string("subscribers/email/letter.html", context), "text/html"
    )
    return message


def quoted_printable() -> Charset:
    """Return UTF-8 in quoted-printable: seven bits, as RFC 6376 §5.3 wants before signing."""
    charset = Charset("utf-8")
    charset.body_encoding = QP
    return charset


def wrapped(text: str) -> str:
    """Return a text with its long lines broken between words; addresses stay whole.

    Short lines stay as they are: of the sign-off “-- ” the blank counts (RFC 3676 §4.3).
    """
    return "\n".join(
        line
        if len(line) <= TEXT_WIDTH
        else textwrap.fill(line, TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    )
