"""The form to subscribe with: on the front page, on other sites, and by JSON."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from subscribers.addresses import BadAddress, normalised
from subscribers.admission import domains
from subscribers.choices import DEFAULT_HOUR
from subscribers.forms.choices import ChoicesForm
from subscribers.models import ConsentEvent

Origin = ConsentEvent.Origin
# A button that asks what the choice means, and sends nothing else.
PREVIEW = "preview"


class SubscribeForm(ChoicesForm):
    """What a reader chooses, and the address to send it to.

    ``suggestion`` is the address that was probably meant, once the form has been checked. A
    person sends it back as ``use``, or the typed one as ``sure``; either counts for the
    address that the question was about, and for no other.
    """

    email = forms.CharField(
        label=_("E-mail address"),
        # Its own check says more than a browser's or Django's can.
        widget=forms.EmailInput(
            attrs={"autocomplete": "email", "required": True, "spellcheck": "false"}
        ),
        required=False,
    )

    field_order = ("email",)
    suggestion = ""

    def __init__(self, data: QueryDict | None = None, **kwargs: Any) -> None:
        self.sent = QueryDict(mutable=True) if data is None else data.copy()
        # Forms on other sites are shorter: what they leave out stands here as its default,
        # should the form be shown again, and not as a list's first line.
        self.sent.setdefault("hour", str(DEFAULT_HOUR))
        self.sent.setdefault("time_zone", "UTC")
        super().__init__(None if data is None else self.sent, **kwargs)

    def clean_email(self) -> str:
        try:
            return normalised(self.cleaned_data["email"])
        except BadAddress as exc:
            if self.is_preview:
                return ""
            raise ValidationError(str(exc)) from exc

    def clean(self) -> None:
        super().clean()
        # A program is told nothing, and what it sends is worth no question to a name server.
        if not self.errors and not self.is_preview and not self.is_from_a_program:
            self.check_domain(self.cleaned_data["email"])

    def check_domain(self, email: str) -> None:
        """Refuse a domain that takes no mail, and ask once about one that looks mistyped."""
        found = domains.check(email)
        is_sure = self.said("sure").strip() == self.typed_email.strip()
        if found.suggestion and self.said("use") == found.suggestion:
            self.cleaned_data["email"] = found.suggestion
        elif found.suggestion and not is_sure:
            self.suggestion = found.suggestion
            question = _("Did you mean %(address)s?") % {"address": found.suggestion}
            self.add_error("email", ValidationError(question, code="suggestion"))
        elif found.takes_mail is False:
            self.add_error("email", _("The part after the @ takes no mail."))

    def said(self, name: str) -> str:
        """Return what a post says besides the choices, as it came, or ""."""
        return str(self.sent.get(name, ""))

    @property
    def typed_email(self) -> str:
        """The address as it was sent: proof of work and stamps are bound to this spelling."""
        return self.said("email")

    @property
    def is_preview(self) -> bool:
        return self.said("action") == PREVIEW

    @property
    def is_from_a_program(self) -> bool:
        """Tell whether the field was filled in that nobody sees."""
        return bool(self.said("website"))

    @property
    def origin(self) -> Origin:
        return Origin.EMBED if self.said("embed") else Origin.FORM

    @property
    def sent_fields(self) -> list[tuple[str, str]]:
        """What was sent, name by name, to be sent once more; gates bring their own fields."""
        names = (*self.fields, "use", "sure", "embed")
        return [(name, value) for name in names for value in self.sent.getlist(name)]
