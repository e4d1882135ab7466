"""What a form's choices mean, beside the form."""

from typing import Any

from django import template
from django.template import Context
from django.utils import timezone

from newsletter.previewing import panel
from subscribers.forms.choices import ChoicesForm

register = template.Library()


@register.inclusion_tag("newsletter/choice_preview.html", takes_context=True)
def choice_preview(context: Context, form: ChoicesForm) -> dict[str, Any]:
    """Show what the choices on a form mean, as it stands: bound or not, valid or not."""
    return {**panel(form, timezone.now()), "text_language": context.get("text_language", "")}
