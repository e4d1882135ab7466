"""What ``check`` says about settings that are valid and still do harm."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning

from subscribers.links import unsubscribe_url

# With its brackets and the header's name it fills RFC 5322's line of 78; Django folds a longer
# one right after the colon, which some signers break (nodemailer's issue 1654 is one).
ONE_CLICK_LENGTH = 57
# As many readers as nobody has: the number is part of the address.
MANY_READERS = 10**9


def one_click_address(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn where BASE_URL is so long that List-Unsubscribe does not fit on one line."""
    length = len(unsubscribe_url("weekly", MANY_READERS))
    if length <= ONE_CLICK_LENGTH:
        return []
    return [
        Warning(
            f"One-click addresses have {length} characters; more than {ONE_CLICK_LENGTH} do not "
            "fit on one line of a header, and some mail servers then sign it wrongly.",
            hint=f"Shorten BASE_URL by {length - ONE_CLICK_LENGTH} characters.",
            id="subscribers.W001",
        )
    ]


def https_without_a_proxy(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn where readers come by https, and nothing says that a proxy ends it."""
    if not settings.HTTPS or settings.BEHIND_PROXY:
        return []
    return [
        Warning(
            "BASE_URL begins with https, but BEHIND_PROXY is off: every request looks like plain "
            "http from one and the same address. Browsers are not told to insist on https, and "
            "all sign-ups together count as one network's.",
            hint="Set BEHIND_PROXY=on if a proxy in front ends TLS and sets X-Forwarded-Proto.",
            id="subscribers.W002",
        )
    ]
