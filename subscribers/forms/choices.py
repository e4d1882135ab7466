"""What readers choose, as forms: checked, and given as one value."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from subscribers.choices import DEFAULT_HOUR, Choices
from subscribers.forms.zones import ZoneSelect, known_zones, offered_zones
from subscribers.models import ZONE_MAX_LENGTH, Source

ALL, SOME = "all", "some"
HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]


@dataclass(frozen=True, slots=True)
class OfferedSource:
    slug: str
    name: str
    chosen: bool
    muted: bool


@dataclass(frozen=True, slots=True)
class Company:
    name: str
    sources: tuple[OfferedSource, ...]

    @property
    def is_named_by_its_source(self) -> bool:
        """Tell whether a heading would only say again what its one source is called."""
        return len(self.sources) == 1 and self.name.casefold() in self.sources[0].name.casefold()


def wrong_fields(form: forms.Form) -> list[BoundField]:
    """Return a form's fields with errors; each stands on its page under its ``auto_id``."""
    return [field for field in form if field.errors]


class ChoicesForm(forms.Form):
    """Editions, sources, hour, zone and language. What a post leaves out takes its default.

    The default of the language is that of the page.
    ``own_zone`` is the reader's zone now: it stays on offer, whatever it is. ``muted_slugs``
    are sources of which nothing comes for now, chosen or not.
    """

    muted_slugs: Set[str] = frozenset()

    wants_daily = forms.BooleanField(required=False, initial=True, label=_("Editions"))
    wants_weekly = forms.BooleanField(required=False, initial=True, label=_("The weekly"))
    which = forms.ChoiceField(
        required=False,
        initial=ALL,
        widget=forms.RadioSelect,
        label=_("Sources"),
        choices=[(ALL, _("All sources, new ones too")), (SOME, _("Only those that I choose"))],
    )
    sources = forms.MultipleChoiceField(
        required=False,
        label=_("Sources"),
        error_messages={
            "invalid_choice": _("One of these sources is not on offer. Please choose again."),
            "invalid_list": _("Please choose sources from the list."),
        },
    )
    hour = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        initial=DEFAULT_HOUR,
        choices=HOURS,
        label=_("Hour"),
        error_messages={"invalid_choice": _("Please choose an hour from 00:00 to 23:00.")},
    )
    time_zone = forms.CharField(
        required=False,
        initial="UTC",
        max_length=ZONE_MAX_LENGTH,
        widget=ZoneSelect,
        label=_("Time zone"),
    )
    language = forms.ChoiceField(
        required=False,
        choices=settings.LANGUAGES,
        label=_("Language"),
        error_messages={"invalid_choice": _("We do not write in this language yet.")},
    )

    def __init__(self, *args: Any, own_zone: str = "UTC", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zones = offered_zones() | ({own_zone} & known_zones())
        self.offered = list(Source.objects.offered())
        sources = cast(forms.MultipleChoiceField, self.fields["sources"])
        sources.choices = [(source.slug, source.name) for source in self.offered]
        cast(ZoneSelect, self.fields["time_zone"].widget).more = self.zones - offered_zones()

    def companies(self) -> list[Company]:
        """Offered sources by the company behind them, in the catalogue's order."""
        chosen = set(self["sources"].value() or ())
        groups: dict[str, list[OfferedSource]] = {}
        for source in self.offered:
            groups.setdefault(source.company, []).append(
                OfferedSource(
                    source.slug,
                    source.name,
                    chosen=source.slug in chosen,
                    muted=source.slug in self.muted_slugs,
                )
            )
        return [Company(name, tuple(sources)) for name, sources in groups.items()]

    @property
    def wrong(self) -> list[BoundField]:
        """The fields that need mending, in the page's order."""
        return wrong_fields(self)

    def clean_which(self) -> str:
        return self.cleaned_data["which"] or self.default_way()

    def default_way(self) -> str:
        """Take a post that names sources for one that chooses them."""
        return SOME if self["sources"].value() else ALL

    @property
    def way(self) -> str:
        """Which of the two ways to choose sources is ticked."""
        return self["which"].value() or self.default_way()

    def clean_time_zone(self) -> str:
        zone = self.cleaned_data["time_zone"] or "UTC"
        if zone not in self.zones:
            raise ValidationError(gettext("This time zone is not known. Please choose another."))
        return str(zone)

    def clean(self) -> None:
        values = self.cleaned_data
        if not (values.get("wants_daily") or values.get("wants_weekly")):
            self.add_error("wants_daily", _("Please choose the daily, the weekly, or both."))
        no_source = not values.get("sources") and "sources" not in self.errors
        if values.get("which") == SOME and no_source:
            self.add_error("sources", _("Please choose at least one source, or take all of them."))

    def choices(self) -> Choices:
        """Return what was chosen; call it once the form is valid."""
        values = self.cleaned_data
        only = values["which"] == SOME
        hour = values["hour"]
        return Choices(
            wants_daily=values["wants_daily"],
            wants_weekly=values["wants_weekly"],
            all_sources=not only,
            source_slugs=tuple(sorted(values["sources"])) if only else (),
            hour=DEFAULT_HOUR if hour is None else hour,
            time_zone=values["time_zone"],
            language=values["language"] or get_language() or settings.LANGUAGE_CODE,
        )
