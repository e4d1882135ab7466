"""Typed readers of the environment that refuse what they do not understand."""

import contextlib
import importlib.util
import json
import os
import re
import secrets
from email import policy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured

# RFC 1123 §2.1: labels of letters, digits and hyphens.
HOST = r"(?i:[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*)"
MAILBOX = r"[^@\s]+@[^@\s]+"
JSON = r"(true|false|null|-?[0-9]{1,6})$|[\[{\"]"
TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


def boolean(name: str, *, default: bool) -> bool:
    """Read a switch; raise ImproperlyConfigured for anything but a plain yes or no."""
    value = os.environ.get(name, "")
    if not value.strip():
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
    """Read a list separated by commas; empty items are left out, an empty list is not set."""
    value = os.environ.get(name, "")
    if not value.strip():
        return default
    return [word.strip() for word in value.split(",") if word.strip()]


def matching(name: str, pattern: str, *, default: str, example: str) -> str:
    """Read one line of text that matches a regular expression as a whole."""
    value = text(name, default=default)
    if not re.fullmatch(pattern, value):
        raise ImproperlyConfigured(f"{name}={value!r} cannot be used. Write for example {example}")
    return value


def class_path(name: str, *, default: str) -> str:
    """Read the dotted path of a class in a module that can be found."""
    value = text(name, default=default)
    module = value.rpartition(".")[0]
    try:
        found = importlib.util.find_spec(module) if module else None
    except (ImportError, ValueError):
        found = None
    if found is None:
        raise ImproperlyConfigured(
            f"{name}={value!r} is in no module that can be found. Write for example {default}"
        )
    return value


def host_name(name: str, *, default: str) -> str:
    """Read a domain as DNS has it: A-labels (RFC 5890), no port."""
    value = text(name, default=default)
    try:
        encoded = value.encode("idna").decode().lower()
    except UnicodeError:
        encoded = ""
    if not re.fullmatch(HOST, encoded):
        raise ImproperlyConfigured(
            f"{name}={value!r} is no domain. Write for example news.example.org"
        )
    return encoded


def time_zone(name: str, *, default: str) -> str:
    """Read the name of a time zone that this machine knows."""
    value = text(name, default=default)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ImproperlyConfigured(
            f"{name}={value!r} is no time zone. Write for example Europe/Zurich"
        ) from exc
    return value


def mail_address(name: str, *, default: str) -> str:
    """Read one e-mail address, with a display name if it has one (RFC 5322 §3.4)."""
    value = text(name, default=default)
    header = policy.default.header_factory("From", value)
    specs = [address.addr_spec for address in header.addresses]
    if value and (header.defects or len(specs) != 1 or not re.fullmatch(MAILBOX, specs[0])):
        raise ImproperlyConfigured(
            f'{name}={value!r} is not one address. Write for example "The News" <us@example.org>'
        )
    return value


def prefixed(prefix: str) -> dict[str, Any]:
    """Read all variables that begin so: as JSON where they are JSON, else as they are."""
    return {
        name.removeprefix(prefix): as_json(value)
        for name, value in os.environ.items()
        if name.startswith(prefix)
    }


def as_json(value: str) -> Any:
    """Return ``30``, ``false`` and ``[1, 2]`` as what they mean, and any other text as text.

    A long number may be somebody's key, and stays as it is.
    """
    if not re.match(JSON, value):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def base_url(name: str, *, default: str) -> str:
    """Read an absolute http(s) address without path, query or trailing slash."""
    value = text(name, default=default).rstrip("/")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in {"http", "https"} or not host:
        raise ImproperlyConfigured(
            f"{name}={value!r} is no web address. Write for example https://news.example.org"
        )
    if parts.path or parts.query or parts.fragment or parts.username:
        raise ImproperlyConfigured(
            f"{name}={value!r} has more than scheme, host and port. Leave the rest out."
        )
    try:
        host = host.encode("idna").decode()
    except UnicodeError:
        host = ""
    if not re.fullmatch(rf"{HOST}|[0-9a-f:.]+", host):
        raise ImproperlyConfigured(f"{name}={value!r} has a host name that DNS cannot hold.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}"


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
