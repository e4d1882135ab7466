"""What an operator is told before others notice: reports that nobody hears."""

from typing import Any

from anymail.backends.base import AnymailBaseBackend
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

from newsletter import mailers
from newsletter.tracking.webhooks import secrets


def check_webhooks(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a secret that cannot be one, and miss one where a provider sends the mail."""
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
    if secrets() or not any(is_provider(backend) for backend in backends):
        return []
    return [
        Warning(
            "A provider sends the mail, but bounces and complaints are not heard of: "
            "ANYMAIL_WEBHOOK_SECRET is not set.",
            hint="Set it, and give the provider the address of its webhook under /anymail/.",
            id="newsletter.W001",
        )
    ]


def is_provider(backend: str) -> bool:
    """Tell whether a backend hands mail to a provider, which reports by webhook."""
    try:
        return issubclass(import_string(backend), AnymailBaseBackend)
    except ImportError:
        return False  # what is not there, other checks and sending itself report
