"""One spelling for every address, so that a person is one row however they type it."""

from django.utils.translation import gettext as _
from email_validator import EmailNotValidError, validate_email

from subscribers.models import EMAIL_MAX_LENGTH

# Signs without width that come along when an address is copied off a page.
UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"
# What keyboards for wide letters type; domains in such letters are mapped anyhow.
WIDE_AT = str.maketrans({"\uff20": "@", "\ufe6b": "@"})
# Two names of one service, whose mailboxes have the same addresses at both.
GOOGLES = ("gmail.com", "googlemail.com")


class BadAddress(ValueError):
    """Not exactly one address that mail can go to; the message is for the person who typed it."""


def normalised(text: str) -> str:
    """Return an address in lower case, its domain as IDNA 2008 A-labels, at most 254 long.

    Some servers tell ``A@x`` from ``a@x`` (RFC 5321 §2.4 lets them), none in practice;
    subscribing one person twice is the greater harm. Domains kept for tests (RFC 2606,
    ``.test`` and ``.example``) pass. Nothing is looked up in DNS.

    Raises BadAddress with the reason.
    """
    address = text.strip().strip(UNSEEN).translate(WIDE_AT)
    refuse_unlike_an_address(address)
    try:
        checked = validate_email(
            address, check_deliverability=False, strict=True, test_environment=True
        )
    except EmailNotValidError as exc:
        raise BadAddress(
            _("This is not a complete e-mail address. It should look like name@example.com.")
        ) from exc
    result = (checked.ascii_email or "").lower()
    if not result or len(result) > EMAIL_MAX_LENGTH:
        raise BadAddress(_("This address is too long to send to."))
    return result


def mailbox_of(address: str) -> str:
    """Return a name for the mailbox that a normalised address leads to, as far as that is known.

    Many servers ignore what follows a plus (RFC 5233's subaddresses), and Google's also dots.
    It is for counting, never for sending: elsewhere these may be different people.
    """
    local, _at, domain = address.rpartition("@")
    name = local.partition("+")[0] or local
    if domain in GOOGLES:
        name, domain = name.replace(".", ""), GOOGLES[0]
    return f"{name}@{domain}"


def refuse_unlike_an_address(text: str) -> None:
    """Raise BadAddress, with what is wrong, for what people type instead of one bare address."""
    if not text:
        raise BadAddress(_("Please enter your e-mail address."))
    if len(text) > EMAIL_MAX_LENGTH:
        raise BadAddress(
            _("This is longer than the %(limit)d characters that an address can have.")
            % {"limit": EMAIL_MAX_LENGTH}
        )
    if text.count("@") > 1:
        raise BadAddress(_("Please enter one address only, for example name@example.com."))
    if "<" in text or ">" in text:
        raise BadAddress(_("Please enter the address alone, without a name and brackets."))
    local, at, _domain = text.partition("@")
    if at and not local.isascii():
        # Django would send to =?utf-8?…?=@…, which reaches nobody.
        raise BadAddress(
            _(
                "We cannot send to an address with letters such as ö or é before the @. "
                "Please use another one."
            )
        )
