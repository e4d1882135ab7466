"""What an operator is told before others notice: reports that nobody hears."""

import re
import warnings
from collections.abc import Iterator
from typing import Any

from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import AnymailConfigurationError
from anymail.urls import urlpatterns as anymail_patterns
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.http import HttpRequest
from django.utils.module_loading import import_string

from newsletter import mailers
from newsletter.tracking.webhooks import secrets, view_of

# How Anymail names a setting that it misses, as a variable of ours is called.
VARIABLE = re.compile(r"\bANYMAIL_[A-Z0-9_]+")


def check_webhooks(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a secret that cannot be one, and miss what a provider's reports cannot do without.

    Those are the secret, and the key by which some providers sign their reports.
    """
    if any(":" not in secret for secret in secrets()):
        return [
            Error(
                "ANYMAIL_WEBHOOK_SECRET is not of the form user:password.",
                hint='Make one with: python3 -c "import secrets; '
                "print(secrets.token_hex(8) + ':' + secrets.token_urlsafe(24))\"",
                id="newsletter.E001",
            )
        ]
    backends = {settings.EMAIL_BACKEND, *(mailer.backend for mailer in mailers.configured())}
    providers = sorted(filter(None, map(provider_of, backends)))
    if secrets():
        return list(unheard(providers))
    if not providers:
        return []
    return [
        Warning(
            "A provider sends the mail, but bounces and complaints are not heard of: "
            "ANYMAIL_WEBHOOK_SECRET is not set.",
            hint="Set it, and give the provider the address of its webhook under /anymail/.",
            id="newsletter.W001",
        )
    ]


def provider_of(backend: str) -> str:
    """Return Anymail's name of the provider, which reports by webhook, or nothing."""
    try:
        found = import_string(backend)
    except ImportError:
        return ""  # what is not there, other checks and sending itself report
    return str(found.esp_name) if issubclass(found, AnymailBaseBackend) else ""


def unheard(providers: list[str]) -> Iterator[CheckMessage]:
    """Report the providers of which no report could be read."""
    for provider in providers:
        if why := hindrance(provider):
            yield Warning(
                f"All reports of {provider} will be refused: {why}",
                hint="Only ANYMAIL_… variables are known where reports come in: a key in a "
                "mailer's MAILER_…_OPTIONS is not.",
                id="newsletter.W002",
            )


def hindrance(provider: str) -> str:
    """Say why no report of a provider can be read; nothing where only the call itself counts.

    Some views miss their key as soon as they are made, others when they are called.
    """
    for pattern in anymail_patterns:
        view = view_of(pattern).view_class  # type: ignore[attr-defined]  # as Django makes views
        if view.esp_name != provider or "inbound" in pattern.name:
            continue
        try:
            with warnings.catch_warnings(action="ignore"):
                view().run_validators(HttpRequest())
        except AnymailConfigurationError as exc:
            missing = VARIABLE.search(str(exc))
            return f"{missing[0]} is not set." if missing else str(exc)
        except Exception:
            return ""  # this call was nobody's, so that it is refused says nothing
    return ""
