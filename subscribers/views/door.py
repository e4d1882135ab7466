"""The front page: the form to subscribe with."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from subscribers import subscribing
from subscribers.forms.door import SubscribeForm
from subscribers.views.statuses import UNPROCESSABLE


@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Show the form; answer every valid request alike, whoever's address it names."""
    form = SubscribeForm(request.POST or None)
    if request.method != "POST":
        return render(request, "subscribers/subscribe.html", {"form": SubscribeForm()})
    if not form.is_valid():
        return render(request, "subscribers/subscribe.html", {"form": form}, status=UNPROCESSABLE)
    if not form.is_from_a_program:
        subscribing.subscribe(form.cleaned_data["email"], form.choices(), now=timezone.now())
    return render(request, "subscribers/check_inbox.html", {"email": form.cleaned_data["email"]})
