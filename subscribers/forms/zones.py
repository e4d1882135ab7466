"""Time zones to choose from."""

import zoneinfo
from functools import cache
from typing import Any

# Of the database's first parts, those that are places and not rules.
REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


@cache
def known_zones() -> frozenset[str]:
    """Every zone of this machine's database; reading them opens hundreds of files."""
    return frozenset(zoneinfo.available_timezones())


@cache
def zone_choices() -> tuple[tuple[str, Any], ...]:
    """Zones to choose from, by region, for a select."""
    regions = []
    for region in REGIONS:
        names = sorted(name for name in known_zones() if name.startswith(f"{region}/"))
        cities = [(name, name.removeprefix(f"{region}/").replace("_", " ")) for name in names]
        regions.append((region, tuple(cities)))
    return (("UTC", "UTC"), *regions)


@cache
def offered_zones() -> frozenset[str]:
    """The names in ``zone_choices``: the database has rules and placeholders besides."""
    (utc, _label), *regions = zone_choices()
    return frozenset({utc, *(name for _region, cities in regions for name, _city in cities)})
