"""Addresses that stand in mails. They begin with BASE_URL, never with a request's host."""

from collections.abc import Iterable
from functools import cache

from django.conf import settings
from django.urls import get_script_prefix, reverse

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


def personal(name: str, token: str) -> str:
    """Return the absolute address of a page whose path holds nothing but a token."""
    return absolute(path_with_token(name, get_script_prefix()).replace("TOKEN", token))


def page(name: str) -> str:
    """Return the absolute address of a page that is the same for everybody."""
    return absolute(path(name, get_script_prefix()))


# Every mail has a handful, and Django looks for each through all patterns. The prefix is that
# of the server's mount point, which Django puts before every path.
@cache
def path_with_token(name: str, prefix: str) -> str:
    return reverse(name, args=["TOKEN"])


@cache
def path(name: str, prefix: str) -> str:
    return reverse(name)


def unsubscribe_url(kind: str, subscriber_id: int) -> str:
    """Return the one-click address (RFC 8058) that ends one edition, and shows a page to GET.

    It outlives a change of address: whoever gets the mail may always end it.
    """
    return personal("subscribers:unsubscribe", make_token(UNSUBSCRIBE_PURPOSE[kind], subscriber_id))


def choices_url(reader: Subscriber) -> str:
    """Return the address of a reader's own choices."""
    return personal("subscribers:choices", token_of(Purpose.CHOICES, reader))


def confirm_url(reader: Subscriber) -> str:
    """Return the address that asks a new reader to confirm."""
    return personal("subscribers:confirm", token_of(Purpose.CONFIRM, reader))


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
    return personal("subscribers:address", make_token(Purpose.ADDRESS, change_id))
