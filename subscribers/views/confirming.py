"""The page that a confirmation mail leads to."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from subscribers import subscribing
from subscribers.links import token_of
from subscribers.models import CONFIRM_WITHIN
from subscribers.personal import personal, reader_of
from subscribers.subscribing import Confirmation
from subscribers.tokens import Purpose
from subscribers.views.statuses import GONE


@personal
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show a button to GET; POST confirms."""
    reader = reader_of(Purpose.CONFIRM, token)
    now = timezone.now()
    if request.method == "POST" and reader:
        found = subscribing.confirm(reader.pk, now=now)
    else:
        found = subscribing.confirmation_of(reader, now)
    status = GONE if found is Confirmation.EXPIRED else 200
    context = {"found": found.value, "days": CONFIRM_WITHIN.days}
    if reader and found is Confirmation.CONFIRMED:
        # Only now, or this link would open the choices for good.
        token = token_of(Purpose.CHOICES, reader)
        context["choices_link"] = reverse("subscribers:choices", args=[token])
    return render(request, "subscribers/confirm.html", context, status=status)
