"""Typed readers of the environment that refuse what they do not understand."""

import contextlib
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})


def boolean(name: str, *, default: bool) -> bool:
    """Read a switch; raise ImproperlyConfigured for anything but a plain yes or no."""
    value = os.environ.get(name)
    if value is None:
        return default
    folded = value.strip().lower()
    if folded in TRUE:
        return True
    if folded in FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no. Use on or off.")


def text(name: str, *, default: str) -> str:
    """Read one line of text; an empty value counts as not set."""
    value = os.environ.get(name, "").strip() or default
    if any(ord(character) < ord(" ") for character in value):
        raise ImproperlyConfigured(f"{name} holds a line break or a control character.")
    return value


def whole_number(name: str, *, default: int, minimum: int, maximum: int) -> int:
    """Read an integer between minimum and maximum, both included."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        number = int(value)
    except ValueError as exc:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from exc
    if not minimum <= number <= maximum:
        raise ImproperlyConfigured(f"{name}={number} is not between {minimum} and {maximum}.")
    return number


def words(name: str, *, default: list[str]) -> list[str]:
    """Read a list separated by commas; empty items are left out."""
    value = os.environ.get(name)
    if value is None:
        return default
    return [word.strip() for word in value.split(",") if word.strip()]


def base_url(name: str, *, default: str) -> str:
    """Read an absolute http(s) address without path, query or trailing slash."""
    value = text(name, default=default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ImproperlyConfigured(
            f"{name}={value!r} is no web address. Write for example https://news.example.org"
        )
    if parts.path or parts.query or parts.fragment or parts.username:
        raise ImproperlyConfigured(
            f"{name}={value!r} has more than scheme, host and port. Leave the rest out."
        )
    return value


def kept_secret(path: Path) -> str:
    """Return the secret kept in path, making one that only its owner can read if there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50) + "\n")
        # Linking fails where another process was first, and never shows half a file.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    kept = path.read_text().strip()
    if not kept:
        raise ImproperlyConfigured(
            f"{path} is empty. Delete it, and a new secret key is made at the next start."
        )
    return kept
