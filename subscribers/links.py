"""Addresses that stand in mails. They begin with BASE_URL, never with a request's host."""

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse

from subscribers.models import Subscriber
from subscribers.tokens import Purpose, make_token

UNSUBSCRIBE_PURPOSE = {
    "daily": Purpose.UNSUBSCRIBE_DAILY,
    "weekly": Purpose.UNSUBSCRIBE_WEEKLY,
}


def absolute(path: str) -> str:
    """Return a path of ours as an absolute address."""
    return f"{settings.BASE_URL}{path}"


def token_of(purpose: Purpose, reader: Subscriber) -> str:
    """Return the token that lets a reader do one thing, as long as they have this address."""
    epoch = reader.link_epoch if purpose.ends_with_address else 0
    return make_token(purpose, reader.pk, epoch)


def unsubscribe_url(kind: str, subscriber_id: int) -> str:
    """Return the one-click address (RFC 8058) that ends one edition, and shows a page to GET.

    It outlives a change of address: whoever gets the mail may always end it.
    """
    token = make_token(UNSUBSCRIBE_PURPOSE[kind], subscriber_id)
    return absolute(reverse("subscribers:unsubscribe", args=[token]))


def choices_url(reader: Subscriber) -> str:
    """Return the address of a reader's own choices."""
    return absolute(reverse("subscribers:choices", args=[token_of(Purpose.CHOICES, reader)]))


def confirm_url(reader: Subscriber) -> str:
    """Return the address that asks a new reader to confirm."""
    return absolute(reverse("subscribers:confirm", args=[token_of(Purpose.CONFIRM, reader)]))


def mute_url(token: str, source_ids: Iterable[int]) -> str:
    """Return the address of the page on which a story's sources can be muted.

    ``token`` is the reader's for MUTE, or what stands for it in a mail that many share.
    """
    ids = "-".join(map(str, source_ids))
    return absolute(reverse("subscribers:mute", args=["TOKEN", ids])).replace("TOKEN", token)


def mute_token(reader: Subscriber) -> str:
    """Return what lets a reader mute sources by ``mute_url``."""
    return token_of(Purpose.MUTE, reader)


def address_url(change_id: int) -> str:
    """Return the address on which a reader's new e-mail address confirms that it is theirs."""
    return absolute(reverse("subscribers:address", args=[make_token(Purpose.ADDRESS, change_id)]))
