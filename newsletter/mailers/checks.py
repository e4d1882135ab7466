"""What an operator is told before anything is sent: mailers that cannot be used as they are set."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string

from config.mailers import variable
from newsletter.mailers.choosing import configured, connection_of
from newsletter.mailers.values import Mailer

# An option that no backend has.
NOBODYS = "an_option_of_nobody"


class Leftover(BaseEmailBackend):
    """Stands behind a backend, and sees the options that it did not take for itself."""

    def __init__(self, fail_silently: bool = False, **options: Any) -> None:
        super().__init__(fail_silently=fail_silently)
        self.left_over = options


def check_mailers(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report mailers of MAILERS whose backend is not there or does not take their options.

    Backends overlook a misspelled option, so that a key would seem to be set.
    """
    mailers = configured() if settings.OUTGOING_MAILERS else ()
    return [
        Error(
            f"The mailer {mailer.name} cannot be used: {fault}",
            hint=f"Mend {variable(mailer.name, 'BACKEND')} or {variable(mailer.name, 'OPTIONS')}.",
            id="newsletter.E002",
        )
        for mailer in mailers
        for fault in faults(mailer)
    ]


def faults(mailer: Mailer) -> Iterator[str]:
    try:
        connection_of(mailer)
    except (ImproperlyConfigured, ImportError) as exc:
        yield str(exc)
        return
    for word in sorted(overlooked(import_string(mailer.backend), dict(mailer.options))):
        yield f"{mailer.backend} has no option {word!r}."


def overlooked(backend: type[BaseEmailBackend], options: dict[str, Any]) -> set[str]:
    """Return the options that a backend takes and does nothing with."""
    probe = type("Probe", (backend, Leftover), {})
    try:
        left_over = probe(**options, **{NOBODYS: True}).left_over
    except TypeError:
        return set()  # it refuses what it does not know, and did not refuse these
    if NOBODYS in left_over:
        return set(left_over) & set(options)
    # It swallows what it does not know, so what it knows stands in its constructors.
    return set(options) - {
        name
        for ancestor in backend.__mro__
        if "__init__" in vars(ancestor)
        for name in inspect.signature(vars(ancestor)["__init__"]).parameters
    }
