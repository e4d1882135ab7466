"""The mailers, read from the environment: MAILERS, and for each name its own variables."""

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config import environment, mailer_limits

DEFAULT = "default"
PREFIX = "MAILER_"
# As long as its column is wide (newsletter.models.mailers).
NAME = r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?"
WORDS = ("BACKEND", "OPTIONS", "SHARE", *mailer_limits.WORDS)
MOST_SHARE = 1_000
MOST_PORT = 65_535
DJANGO_SMTP = "django.core.mail.backends.smtp.EmailBackend"
# What a server of its own has unless it says so: EMAIL_HOST's user and password are for
# EMAIL_HOST, and are never shown to another server.
OWN_SERVER = {"port": 25, "username": "", "password": "", "use_tls": False, "use_ssl": False}
SMTP_WORDS: dict[str, type] = {
    "host": str,
    "port": int,
    "username": str,
    "password": str,
    "use_tls": bool,
    "use_ssl": bool,
    "timeout": int,
    "ssl_keyfile": str,
    "ssl_certfile": str,
}
KINDS = {str: 'text between "quotes"', int: "a whole number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class House:
    """What the mailers are read for: paths of backends, and what EMAIL_… says."""

    smtp: str
    letters: str
    host: str
    timeout: int


def names() -> list[str]:
    """Read MAILERS: names in their order, each once."""
    found = environment.words("MAILERS", default=[])
    for name in found:
        if not re.fullmatch(NAME, name):
            raise ImproperlyConfigured(
                f"MAILERS: {name!r} is no name of a mailer. Use up to 30 lower-case letters, "
                "digits and hyphens, for example MAILERS=postmark,relay"
            )
        if found.count(name) > 1:
            raise ImproperlyConfigured(f"MAILERS names {name!r} twice. Write each name once.")
    return found


def configured(house: House) -> tuple[dict[str, Any], ...]:
    """Read the mailers that MAILERS names; empty where it names none.

    Each is a mapping of what newsletter.mailers.Mailer takes. Raises ImproperlyConfigured for
    variables that are nobody's, and for values that cannot be understood; no message shows
    what stands in a mailer's options.
    """
    found = names()
    refuse_strangers(found)
    mailers = tuple(mailer(name, house, default_share=int(name == found[0])) for name in found)
    if mailers and not any(values["share"] for values in mailers):
        raise ImproperlyConfigured(
            f"{variable(found[0], 'SHARE')} and those of all other mailers are 0, so none would "
            "send. Give one of them a share of 1."
        )
    return mailers


def default_limits() -> dict[str, Any]:
    """Read the limits of the one mailer that there is without MAILERS."""
    return {} if names() else mailer_limits.limits(variable(DEFAULT, ""))


def variable(name: str, word: str) -> str:
    """Return the variable of a mailer: MAILER_EU_RELAY_SHARE of eu-relay."""
    return f"{PREFIX}{name.upper().replace('-', '_')}_{word}"


def refuse_strangers(found: list[str]) -> None:
    known = {variable(name, word): name for name in found for word in WORDS}
    if not found:
        known = {variable(DEFAULT, word): DEFAULT for word in mailer_limits.WORDS}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known and os.environ[name].strip():
            raise ImproperlyConfigured(f"{name} is a variable of no mailer. {advice(name, found)}")


def advice(name: str, found: list[str]) -> str:
    for own in found:
        if name.startswith(variable(own, "")):
            return f"Those of {own} are {listed(variable(own, word) for word in WORDS)}."
    if found:
        return f"MAILERS names {listed(found)}: add its name there, or delete the variable."
    return (
        "MAILERS is not set: name the mailers there. Without it the way out is EMAIL_BACKEND or "
        f"EMAIL_HOST, with {listed(variable(DEFAULT, word) for word in mailer_limits.WORDS)}."
    )


def listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def mailer(name: str, house: House, *, default_share: int) -> dict[str, Any]:
    backend_name = variable(name, "BACKEND")
    backend = environment.class_path(backend_name, default=house.smtp)
    if backend == house.letters:
        raise ImproperlyConfigured(
            f"{backend_name}={backend!r} hands mail to the mailers, and is none itself. "
            f"Write for example {house.smtp}"
        )
    share = environment.whole_number(
        variable(name, "SHARE"), default=default_share, minimum=0, maximum=MOST_SHARE
    )
    return {
        "name": name,
        "backend": backend,
        "options": options(variable(name, "OPTIONS"), backend, house),
        "share": share,
        **mailer_limits.limits(variable(name, "")),
    }


def options(name: str, backend: str, house: House) -> dict[str, Any]:
    """Read a JSON object; no message shows it, because it holds passwords."""
    text = os.environ.get(name, "").strip()
    example = '{"host": "smtp.example.org", "port": 587, "use_tls": true}'
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ImproperlyConfigured(f"{name} is no JSON object. Write for example {example}")
    if "fail_silently" in found:
        raise ImproperlyConfigured(
            f"{name} has fail_silently, which would make failures look like mail that was sent. "
            "Leave it out."
        )
    if backend not in (house.smtp, DJANGO_SMTP):
        return found
    return smtp_options(name, found, house)


def smtp_options(name: str, found: dict[str, Any], house: House) -> dict[str, Any]:
    """Check the options of an SMTP server, whose backend would overlook a misspelled one."""
    for word, value in found.items():
        if word not in SMTP_WORDS:
            raise ImproperlyConfigured(
                f"{name} has {word!r}, which is no option of SMTP. Those are {listed(SMTP_WORDS)}."
            )
        # JSON's true is a number to Python.
        if type(value) is not SMTP_WORDS[word]:
            raise ImproperlyConfigured(f"{name}: {word} is {KINDS[SMTP_WORDS[word]]}.")
    if found.get("use_tls") and found.get("use_ssl"):
        raise ImproperlyConfigured(
            f"{name} has use_tls and use_ssl. Use use_ssl for port 465, use_tls for 587."
        )
    if not 1 <= found.get("port", 1) <= MOST_PORT:
        raise ImproperlyConfigured(f"{name}: port is not between 1 and {MOST_PORT}.")
    if not 1 <= found.get("timeout", 1) <= house.timeout:
        raise ImproperlyConfigured(
            f"{name}: timeout is not between 1 and EMAIL_TIMEOUT, which is {house.timeout}. "
            "Raise that one, with which the workers reckon."
        )
    if found.get("host"):
        return OWN_SERVER | found
    if not house.host:
        raise ImproperlyConfigured(
            f'{name} names no host. Write for example {{"host": "smtp.example.org"}}, or set '
            f"{name.removesuffix('OPTIONS')}BACKEND where it is a provider."
        )
    return found


def leaves_house() -> bool:
    """Tell whether any mail leaves this machine: issues, or letters such as confirmations.

    Asked when the settings stand; False where all of it is kept in the mailbox.
    """
    backends = {values["backend"] for values in settings.OUTGOING_MAILERS}
    if settings.EMAIL_BACKEND != settings.LETTERS_BACKEND:
        backends.add(settings.EMAIL_BACKEND)
    return backends != {settings.MAILBOX_BACKEND}
