"""The forms of the personal pages."""

from __future__ import annotations

import json
from collections.abc import Set
from dataclasses import replace
from datetime import date
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from subscribers.addresses import BadAddress, normalised
from subscribers.admission import domains
from subscribers.choices import Choices
from subscribers.forms.choices import ALL, SOME, ChoicesForm
from subscribers.models import Weekday

# Why people leave, as it is kept, and as the page says it.
REASONS = {
    "too many mails": _("Too many mails"),
    "not what I expected": _("Not what I expected"),
    "never asked for it": _("I never asked for it"),
    "other": _("Something else"),
}


class PreferencesForm(ChoicesForm):
    """The choices page's form: also the weekly's day.

    ``kept`` are the reader's choices now. ``shown`` holds those that the form was made of,
    so that sending it later changes only what the person changed. ``muted_slugs`` are the
    sources that are muted today.
    """

    weekday = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=Weekday.choices,
        label=_("Day of the weekly"),
        error_messages={"invalid_choice": _("Please choose a day of the week.")},
    )
    # No CharField: whatever comes back here must not stop anybody from saving.
    shown = forms.Field(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, kept: Choices, muted_slugs: Set[str] = frozenset(), **kwargs: Any
    ) -> None:
        self.kept = kept
        self.muted_slugs = muted_slugs
        super().__init__(data, own_zone=kept.time_zone, **kwargs)
        self.initial = self.initial_of(kept)

    def initial_of(self, kept: Choices) -> dict[str, Any]:
        """Return choices as this form shows them; whoever left sees both editions ticked."""
        nothing = not (kept.wants_daily or kept.wants_weekly)
        offered = {source.slug for source in self.offered}
        visible = replace(kept, source_slugs=tuple(sorted(offered.intersection(kept.source_slugs))))
        return {
            "wants_daily": kept.wants_daily or nothing,
            "wants_weekly": kept.wants_weekly or nothing,
            "which": ALL if kept.all_sources else SOME,
            "sources": list(visible.source_slugs),
            "hour": kept.hour,
            "weekday": kept.weekday,
            "time_zone": kept.time_zone if kept.time_zone in self.zones else "UTC",
            "language": kept.language,
            "shown": json.dumps(visible.to_json()),
        }

    @property
    def lost_zone(self) -> str:
        """The reader's time zone, if this machine's database does not know it any more."""
        return "" if self.kept.time_zone in self.zones else self.kept.time_zone

    def choices(self) -> Choices:
        """Return what was chosen; call it once the form is valid."""
        weekday = self.cleaned_data["weekday"]
        return replace(
            super().choices(),
            weekday=self.kept.weekday if weekday is None else weekday,
            language=self.cleaned_data["language"] or self.kept.language,
        )

    def shown_choices(self) -> Choices | None:
        """Return the choices that the form was made of, or None where that got lost."""
        try:
            found = Choices.from_json({**json.loads(self.cleaned_data["shown"])})
            return replace(found, source_slugs=tuple(map(str, found.source_slugs)))
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
            return None


class PauseForm(forms.Form):
    """No mail until the end of a day."""

    paused_until = forms.DateField(
        label=_("No mail until the end of"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={
            "required": _("Please choose the last day without mail."),
            "invalid": _("Please enter a day as year-month-day, like 2027-01-31."),
        },
    )

    def __init__(self, data: Any = None, *, today: date, **kwargs: Any) -> None:
        self.today = today
        super().__init__(data, **kwargs)
        self.fields["paused_until"].widget.attrs["min"] = today.isoformat()

    def clean_paused_until(self) -> date:
        day = cast(date, self.cleaned_data["paused_until"])
        if day < self.today:
            raise ValidationError(
                pgettext("pause", "That day is over. Please choose today or a later one.")
            )
        return day


class AddressForm(forms.Form):
    """Where to send mail from now on. ``own`` is the address that a reader has.

    An address that looks mistyped is asked about once: sent again together with ``sure``, it
    is taken as it is.
    """

    email = forms.CharField(
        label=_("New e-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        required=False,
    )

    def __init__(self, data: Any = None, *, own: str, **kwargs: Any) -> None:
        self.own = own
        super().__init__(data, auto_id="id_new_%s", **kwargs)

    def clean_email(self) -> str:
        typed = self.cleaned_data["email"]
        try:
            email = normalised(typed)
        except BadAddress as exc:
            raise ValidationError(str(exc)) from exc
        if email == self.own:
            raise ValidationError(_("This is the address that we write to already."))
        found = domains.check(email)
        if found.suggestion and self.data.get("sure") != typed:
            raise ValidationError(
                _("Did you mean %(address)s? Correct it, or press the button again to keep yours."),
                params={"address": found.suggestion},
            )
        if found.takes_mail is False:
            raise ValidationError(_("The part after the @ takes no mail."))
        return email

    @property
    def asked_about(self) -> str:
        """The typed address, to be sent along as ``sure`` once it was asked about."""
        return str(self.data.get("email", "")).strip() if self.errors else ""


def reason_in(sent: QueryDict) -> str:
    """Return why somebody says to leave, or "": a listed reason, own words, or both."""
    listed = sent.get("reason", "")
    own = sent.get("words", "").strip()
    return ": ".join(part for part in (listed if listed in REASONS else "", own) if part)
