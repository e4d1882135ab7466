"""How much a mailer may be given, read from the environment: a second, a day, each domain."""

import re
from datetime import date
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config import environment

WORDS = ("PER_SECOND", "PER_DAY", "WARM_UP", "BY_DOMAIN")
MOST_A_SECOND = 10_000
MOST_A_DAY = 100_000_000
MOST_GROWTH = 10
NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)


def limits(prefix: str) -> dict[str, Any]:
    """Read how much the mailer whose variables begin so may be given.

    Each limit is as newsletter.mailers.Mailer has it; ``warm_up`` is what WarmUp is made of.
    """
    per_day = environment.whole_number(f"{prefix}PER_DAY", default=0, minimum=1, maximum=MOST_A_DAY)
    return {
        "per_second": per_second(f"{prefix}PER_SECOND"),
        "per_day": per_day or None,
        "warm_up": warm_up(f"{prefix}WARM_UP"),
        "by_domain": by_domain(f"{prefix}BY_DOMAIN"),
    }


def per_second(name: str) -> float | None:
    text = environment.text(name, default="")
    if not text:
        return None
    found = positive(text, most=MOST_A_SECOND)
    if found is None:
        raise ImproperlyConfigured(
            f"{name}={text!r} is no number of messages a second. Write for example 20, or 0.5 for "
            "one in two seconds"
        )
    return found


def warm_up(name: str) -> tuple[date, int, float] | None:
    text = environment.text(name, default="")
    if not text:
        return None
    try:
        start, first_day, growth = text.split(":")
        plan = date.fromisoformat(start), int(first_day), positive(growth, most=MOST_GROWTH)
    except ValueError:
        plan = None
    if plan is None or not 1 <= plan[1] <= MOST_A_DAY or plan[2] is None or plan[2] < 1:
        raise ImproperlyConfigured(
            f"{name}={text!r} is no plan. Write the first day, how many messages it may have, and "
            "by what that grows a day, from 1 to 10, for example 2026-11-20:50:1.5"
        )
    return plan[0], plan[1], plan[2]


def by_domain(name: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for item in environment.words(name, default=[]):
        domain, _colon, text = item.partition(":")
        try:
            encoded = domain.strip().encode("idna").decode().lower()
        except UnicodeError:
            encoded = ""
        rate = positive(text.strip(), most=MOST_A_SECOND)
        if not re.fullmatch(environment.HOST, encoded) or rate is None or encoded in found:
            raise ImproperlyConfigured(
                f"{name}: {item!r} cannot be used. Write each domain once, with its messages a "
                "second, for example gmail.com:20,outlook.com:0.5"
            )
        found[encoded] = rate
    return found


def positive(text: str, *, most: int) -> float | None:
    """Read a number above 0, with at most nine decimals; None for anything else."""
    if not NUMBER.fullmatch(text) or not 0 < float(text) <= most:
        return None
    return float(text)
