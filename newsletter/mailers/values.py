"""What a mailer is: one way by which messages leave, with its share and its limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

# What the column that counts a day's messages holds: no limit at all.
MOST_A_DAY = 2**31 - 1


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How a new sender is let grow: ``first_day`` messages on ``start``, each day more."""

    start: date
    first_day: int
    growth: float

    def allowance(self, day: date) -> int:
        """Return how many messages may begin on a day.

        Before the start it is as on the first day, so that a plan never stops all mail.
        """
        days = max((day - self.start).days, 0)
        try:
            return min(int(self.first_day * self.growth**days), MOST_A_DAY)
        except OverflowError:
            return MOST_A_DAY


@dataclass(frozen=True, slots=True)
class Mailer:
    """A backend with its options, its share of the mail, and how much it may be given.

    ``options`` are the arguments of the backend's constructor, secrets among them, so they
    are never shown. A ``share`` of 0 makes it a fallback. ``per_second`` and ``by_domain`` are
    messages a second, None and absence mean no limit. ``probe_until`` is set where ``usable``
    gave it to this worker alone, to find out whether it works again.
    """

    name: str
    backend: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    share: int = 1
    per_second: float | None = None
    per_day: int | None = None
    warm_up: WarmUp | None = None
    by_domain: Mapping[str, float] = field(default_factory=dict, hash=False)
    probe_until: datetime | None = None
