"""Time zones to choose from."""

import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext_lazy

# Of the database's first parts, those that are places and not rules.
REGION_NAMES = {
    "Africa": pgettext_lazy("time zones", "Africa"),
    "America": pgettext_lazy("time zones", "America"),
    "Antarctica": pgettext_lazy("time zones", "Antarctica"),
    "Arctic": pgettext_lazy("time zones", "Arctic"),
    "Asia": pgettext_lazy("time zones", "Asia"),
    "Atlantic": pgettext_lazy("time zones", "Atlantic"),
    "Australia": pgettext_lazy("time zones", "Australia"),
    "Europe": pgettext_lazy("time zones", "Europe"),
    "Indian": pgettext_lazy("time zones", "Indian Ocean"),
    "Pacific": pgettext_lazy("time zones", "Pacific"),
}
REGIONS = tuple(REGION_NAMES)


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


OPTION = '<option value="{}">{}</option>'
CHOSEN = '<option value="{}" selected>{}</option>'


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the list, or with no ``zone`` the beginning or the end of a region."""

    html: SafeString
    zone: str = ""
    label: str = ""

    @classmethod
    def of(cls, zone: str, label: str) -> Self:
        return cls(format_html(OPTION, zone, label), zone, label)

    def shown(self, value: object) -> SafeString:
        """Return the line, marked if it is the chosen one."""
        if self.zone and self.zone == value:
            return format_html(CHOSEN, self.zone, self.label)
        return self.html


@cache
def lines(_language: str | None) -> tuple[Line, ...]:
    """Return the lines of the list in the active language, none of them chosen."""
    (utc, label), *regions = zone_choices()
    made = [Line.of(utc, label)]
    for region, cities in regions:
        made.append(Line(format_html('<optgroup label="{}">', REGION_NAMES[region])))
        made.extend(Line.of(zone, city) for zone, city in cities)
        made.append(Line(SafeString("</optgroup>")))
    return tuple(made)


class ZoneSelect(forms.Select):
    """The list of zones; ``more`` are those that one reader may keep besides.

    Django renders a template for each line. With 430 of them that would be most of the time
    that a page with the form takes, so here the lines are made once.
    """

    more: Iterable[str] = ()

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        own = [Line.of(zone, zone) for zone in sorted(self.more)]
        all_lines = (*lines(get_language()), *own)
        options = format_html_join("", "{}", ((line.shown(value),) for line in all_lines))
        about = flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name}))
        return format_html("<select{}>{}</select>", about, options)
