"""Which mailers there are, and which of those at hand takes the next messages."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from newsletter.mailers.values import Mailer, WarmUp

DEFAULT = "default"
# A shorter text is no secret, and would be found in the middle of words.
SHORTEST_SECRET = 4


def configured() -> tuple[Mailer, ...]:
    """Return the mailers of the settings, in their order; there is always one.

    Without MAILERS it is EMAIL_BACKEND as it stands, called "default".
    """
    if settings.OUTGOING_MAILERS:
        return tuple(made(values) for values in settings.OUTGOING_MAILERS)
    return (made({"name": DEFAULT, "backend": settings.EMAIL_BACKEND, **settings.MAILER_LIMITS}),)


def made(values: dict[str, Any]) -> Mailer:
    plan = values.get("warm_up")
    return Mailer(**{**values, "warm_up": WarmUp(*plan) if plan else None})


def connection_of(mailer: Mailer) -> BaseEmailBackend:
    """Return a connection of a mailer, not opened yet.

    Raises ImportError where its backend is not there, ImproperlyConfigured where it cannot be
    made with these options. Neither says what stands in them.
    """
    try:
        connection: BaseEmailBackend = get_connection(mailer.backend, **mailer.options)
    except (TypeError, ValueError) as exc:
        raise ImproperlyConfigured(
            f"{mailer.backend} does not take these options: {censored(str(exc), mailer)}"
        ) from None
    return connection


def censored(text: str, mailer: Mailer) -> str:
    """Return a text without anything that stands in a mailer's options."""
    for value in mailer.options.values():
        if len(str(value)) >= SHORTEST_SECRET:
            text = text.replace(str(value), "…")
    return text


def pick(usable: Sequence[Mailer]) -> Mailer:
    """Choose among usable mailers, of which there is one at least.

    One that this worker is to try comes first, else chance decides by the shares; of fallbacks
    it is the first.
    """
    for mailer in usable:
        if mailer.probe_until is not None:
            return mailer
    shares = [mailer.share for mailer in usable]
    if not any(shares):
        return usable[0]
    return random.choices(usable, weights=shares)[0]  # noqa: S311  no secret
