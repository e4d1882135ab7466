"""The front page's form."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from subscribers.addresses import BadAddress, normalised
from subscribers.forms.choices import ChoicesForm


class SubscribeForm(ChoicesForm):
    """The front page's form."""

    email = forms.CharField(
        label=_("E-mail address"),
        # Its own check says more than a browser's or Django's can.
        widget=forms.EmailInput(
            attrs={"autocomplete": "email", "required": True, "spellcheck": "false"}
        ),
        required=False,
    )
    # A field that nobody sees and programs fill in.
    website = forms.CharField(required=False)

    def clean_email(self) -> str:
        try:
            return normalised(self.cleaned_data["email"])
        except BadAddress as exc:
            raise ValidationError(str(exc)) from exc

    @property
    def is_from_a_program(self) -> bool:
        return bool(self.data.get("website"))
