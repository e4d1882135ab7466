"""Mailers on loopback, as settings.OUTGOING_MAILERS has them."""

from typing import Any


def relay(name: str, port: int, share: int = 0, **limits: Any) -> dict[str, Any]:
    """Return a mailer that speaks SMTP to a port; without a share it is a fallback."""
    options = {"host": "127.0.0.1", "port": port, "timeout": 2}
    smtp = "newsletter.transport.SmtpBackend"
    return {"name": name, "backend": smtp, "options": options, "share": share, **limits}
