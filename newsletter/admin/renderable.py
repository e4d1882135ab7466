"""Text that cannot be shown is refused where it is typed, not where somebody reads it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from newsletter.rendering import RenderError, web_html


def refuse_unrenderable(text: str) -> None:
    """Raise ValidationError with the reason where Markdown cannot be rendered."""
    try:
        web_html(text)
    except RenderError as exc:
        raise ValidationError(exc.reason, code="unrenderable") from exc


def guard(form: forms.BaseForm, *names: str) -> None:
    """Let a form's fields take only Markdown that can be rendered."""
    fields: dict[str, Any] = form.fields
    for name in names:
        if name in fields:
            fields[name].validators.append(refuse_unrenderable)
