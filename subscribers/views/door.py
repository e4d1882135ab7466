"""The front page: the form to subscribe with, and what becomes of it."""

import math
from datetime import datetime
from email.utils import parseaddr

from csp.decorators import csp_replace
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from subscribers import signing_up
from subscribers.admission import (
    Applicant,
    NotYet,
    TooMany,
    admit,
    make_stamp,
    network_of,
)
from subscribers.forms.door import Origin, SubscribeForm
from subscribers.languages import speak
from subscribers.views.stamped import FOR_THIS_BROWSER, form_context, stamped
from subscribers.views.statuses import TOO_MANY, UNPROCESSABLE


# Whoever posts here is nobody yet: there is no cookie or session that another site could ride
# on, and forms on other sites are wanted. The gates, not a token, keep programs out.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Show the form; answer every valid request alike, whosever address it names."""
    if request.method != "POST":
        return stamped(request, "subscribers/subscribe.html")
    speak(request, request.POST.get("language", ""))
    response = answer(request, SubscribeForm(request.POST), timezone.now())
    response["Cache-Control"] = FOR_THIS_BROWSER
    return response


def answer(request: HttpRequest, form: SubscribeForm, now: datetime) -> HttpResponse:
    """Take a post of the form, or show it again with what is missing or was asked for."""
    if not form.is_valid() or form.is_preview:
        # The stamp keeps its age, so that who mends a line does not wait once more.
        context = form_context(form, form.said("stamp") or make_stamp(now))
        status = UNPROCESSABLE if form.errors else 200
        return render(request, "subscribers/subscribe.html", context, status=status)
    try:
        let_in(form, network_of(request), origin=form.origin, now=now)
    except NotYet as exc:
        context = form_context(form, exc.stamp) | {"wait_seconds": exc.wait_seconds}
        return render(request, "subscribers/press_again.html", context, status=UNPROCESSABLE)
    except TooMany as exc:
        return too_many(request, form, exc)
    context = {
        "email": form.cleaned_data["email"],
        "help_address": parseaddr(settings.REPLY_TO)[1],
    }
    return render(request, "subscribers/check_inbox.html", context)


def let_in(form: SubscribeForm, network: str, *, origin: Origin, now: datetime) -> None:
    """Take the request of a valid form, if the gates let it in.

    A program that gave itself away is answered as everybody is, and forgotten. Raises NotYet
    or TooMany, and ValueError for a form that asks for nothing: it is not valid, or a preview.
    """
    if not form.is_valid() or form.is_preview:
        raise ValueError("this form is no request to subscribe")
    if form.is_from_a_program:
        return
    applicant = Applicant(
        email=form.typed_email,
        stamp=form.said("stamp"),
        solution=form.said("solution"),
        network=network,
    )
    # One commit for what is counted and what is taken: on SQLite each waits for the disk.
    with transaction.atomic():
        admit(applicant, now=now)
        signing_up.take(form.cleaned_data["email"], form.choices(), now=now, origin=origin)


def too_many(request: HttpRequest, form: SubscribeForm, exc: TooMany) -> HttpResponse:
    """Say when to come again, and keep what was chosen until then."""
    seconds = exc.retry_after_seconds
    context = form_context(form, form.said("stamp")) | {"minutes": math.ceil(seconds / 60)}
    response = render(request, "subscribers/too_many.html", context, status=TOO_MANY)
    response["Retry-After"] = str(seconds)
    return response


# Nobody is signed in here and nothing is done without typing an address, so a page that lays
# itself over the frame gains nothing.
@require_safe
@xframe_options_exempt
@csp_replace({"frame-ancestors": ["*"]})
def embed(request: HttpRequest) -> HttpResponse:
    """Show a small form for other sites to frame; it is the only page that they may."""
    return stamped(request, "subscribers/embed.html")
