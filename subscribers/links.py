"""Addresses that stand in mails. They begin with BASE_URL, never with a request's host."""

from django.conf import settings
from django.urls import reverse

from subscribers.tokens import Purpose, make_token

UNSUBSCRIBE_PURPOSE = {
    "daily": Purpose.UNSUBSCRIBE_DAILY,
    "weekly": Purpose.UNSUBSCRIBE_WEEKLY,
}


def absolute(path: str) -> str:
    """Return a path of ours as an absolute address."""
    return f"{settings.BASE_URL}{path}"


def unsubscribe_url(kind: str, subscriber_id: int) -> str:
    """Return the one-click address (RFC 8058) that ends one edition, and shows a page to GET."""
    token = make_token(UNSUBSCRIBE_PURPOSE[kind], subscriber_id)
    return absolute(reverse("subscribers:unsubscribe", args=[token]))


def choices_url(subscriber_id: int) -> str:
    """Return the address of a reader's own choices."""
    return absolute(
        reverse("subscribers:choices", args=[make_token(Purpose.CHOICES, subscriber_id)])
    )


def confirm_url(subscriber_id: int) -> str:
    """Return the address that asks a new reader to confirm."""
    return absolute(
        reverse("subscribers:confirm", args=[make_token(Purpose.CONFIRM, subscriber_id)])
    )
