"""What sending an issue comes to by the mailers' limits, before it is approved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db.models import Count, Q

from newsletter import mailers, schedule
from newsletter.mailers import Mailer
from newsletter.models import Issue
from newsletter.planning import audience_of
from newsletter.preflight import Outlook
from newsletter.rates.days import allowance, day_of

# All readers, whatever their domain.
EVERYWHERE = ""


def outlook(issue: Issue, *, now: datetime) -> Outlook | None:
    """Return what an issue comes to for its readers as they are; None where nothing is limited.

    One query at most. It is a first look: readers' hours and other issues are left out.
    """
    all_of_them = mailers.configured()
    # A fallback helps when a day is used up; for a moment's wait it is not asked.
    first = [mailer for mailer in all_of_them if mailer.share]
    places = {EVERYWHERE}.union(*(mailer.by_domain for mailer in first))
    speeds = {place: speed for place in places if (speed := speed_to(place, first))}
    day = max(issue.period_end, day_of(now))
    room = room_of(all_of_them, day)
    if not speeds and room is None:
        return None
    counts = readers_by_place(issue, [EVERYWHERE, *speeds])
    times = {place: timedelta(seconds=counts[place] / speeds[place]) for place in speeds}
    slowest = max(sorted(times), key=lambda place: times[place], default=EVERYWHERE)
    return Outlook(
        readers=counts[EVERYWHERE],
        day=day,
        room=room,
        longest=times.get(slowest),
        domain=slowest,
        patience=schedule.deadline(issue.kind, now) - now,
    )


def speed_to(domain: str, mailers: Sequence[Mailer]) -> float | None:
    """Return how many messages a second all mailers give a domain; None for no limit."""
    speeds = [
        min(filter(None, (mailer.per_second, mailer.by_domain.get(domain))), default=None)
        for mailer in mailers
    ]
    limited = [speed for speed in speeds if speed is not None]
    return sum(limited) if len(limited) == len(speeds) else None


def room_of(mailers: Sequence[Mailer], day: date) -> int | None:
    """Return how many messages all mailers may begin on a day; None for no limit."""
    allowances = [allowance(mailer, day) for mailer in mailers]
    limited = [most for most in allowances if most is not None]
    return sum(limited) if len(limited) == len(allowances) else None


def readers_by_place(issue: Issue, places: Sequence[str]) -> dict[str, int]:
    """Count an issue's readers at each domain."""
    counts = audience_of(issue).aggregate(
        **{
            f"at_{number}": Count("pk", filter=Q(email__endswith=f"@{place}" if place else ""))
            for number, place in enumerate(places)
        }
    )
    return {place: counts[f"at_{number}"] for number, place in enumerate(places)}
