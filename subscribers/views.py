"""The pages that readers see. GET and HEAD only show; the rules live in ``subscribing``."""

from datetime import date, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from subscribers import subscribing
from subscribers.choices import choices_of
from subscribers.forms import PreferencesForm, SubscribeForm, initial_of
from subscribers.links import UNSUBSCRIBE_PURPOSE
from subscribers.models import ConsentEvent, Subscriber
from subscribers.personal import personal, reader_of
from subscribers.subscribing import Confirmation
from subscribers.tokens import BadToken, Purpose, make_token
from subscribers.zones import zone_named

# RFC 9110 §15.5.21: understood, but what it says cannot be done.
UNPROCESSABLE = 422
GONE = 410
Origin = ConsentEvent.Origin

EDITIONS = {purpose.value: (kind, purpose) for kind, purpose in UNSUBSCRIBE_PURPOSE.items()}
DONE_MESSAGES = {
    "saved": _("Saved. The next mail that goes out follows your new choices."),
    "same": _("Nothing was different, so all stays as it was."),
    "resumed": _("The pause is over. You get the next issue again."),
    "left": _("You are unsubscribed. You get no more mail from us."),
    "back": _("Welcome back. You get the next issue again."),
}


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
    context = {"found": found.value, "days": subscribing.CONFIRM_WITHIN.days}
    if reader and found is Confirmation.CONFIRMED:
        # Only now, or this link would open the choices for good.
        context["choices_link"] = choices_path(reader)
    return render(request, "subscribers/confirm.html", context, status=status)


@personal
def choices(request: HttpRequest, token: str) -> HttpResponse:
    """Show a reader's choices; POST saves them, or pauses, ends or renews the subscription."""
    reader = reader_of(Purpose.CHOICES, token)
    if reader is None:
        return render(request, "subscribers/no_more_mail.html")
    now = timezone.now()
    today = today_of(reader, now)
    if request.method == "POST":
        form = PreferencesForm(request.POST, today=today)
        done = act_on_choices(reader, request.POST.get("action", ""), form, now)
        if done:
            return redirect(f"{request.path}?done={done}")
    else:
        form = PreferencesForm(initial=initial_of(choices_of(reader), today=today), today=today)
    context = {
        "form": form,
        "reader": reader,
        "message": DONE_MESSAGES.get(request.GET.get("done", "")),
        "is_paused": reader.paused_until is not None and reader.paused_until >= today,
    }
    return render(
        request, "subscribers/choices.html", context, status=UNPROCESSABLE if form.errors else 200
    )


def act_on_choices(reader: Subscriber, action: str, form: PreferencesForm, now: datetime) -> str:
    """Do what a button of the choices page says; return what to tell, or "" if it could not."""
    if action == "leave":
        subscribing.unsubscribe(reader.pk, now=now, origin=Origin.PAGE)
        return "left"
    if action == "resume":
        return "resumed" if subscribing.resume(reader.pk, now=now) else "same"
    if not form.is_valid():
        return ""
    if action == "back":
        return "back" if subscribing.come_back(reader.pk, form.choices(), now=now) else "same"
    return "saved" if subscribing.change_choices(reader.pk, form.choices(), now=now) else "same"


@personal
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End one edition: a page with one button for people, one POST for RFC 8058 clients.

    Answers 200 without redirect, needs no cookie, may be repeated and never expires.
    """
    if token[:1] not in EDITIONS:
        raise BadToken("not an unsubscribe link")
    kind, purpose = EDITIONS[token[:1]]
    reader = reader_of(purpose, token)
    if reader is None:
        return render(request, "subscribers/no_more_mail.html")
    now = timezone.now()
    if request.method == "POST":
        act_on_edition(reader, kind, request, now)
        reader.refresh_from_db()
    other = "weekly" if kind == "daily" else "daily"
    gets = {edition for edition in (kind, other) if receives(reader, edition)}
    context = {
        "kind": kind,
        "is_on": kind in gets,
        "other": other,
        "other_is_on": other in gets,
        "may_undo": subscribing.may_undo(reader, now),
        "came_back": request.method == "POST" and kind in gets,
    }
    return render(request, "subscribers/unsubscribe.html", context)


def act_on_edition(reader: Subscriber, kind: str, request: HttpRequest, now: datetime) -> None:
    """Unsubscribe, unless the post comes from a button that takes it back."""
    again = request.POST.get("again", "")
    if again in UNSUBSCRIBE_PURPOSE:
        subscribing.undo(reader.pk, again, now=now)
        return
    one_click = request.POST.get("List-Unsubscribe") == "One-Click"
    origin = Origin.ONE_CLICK if one_click else Origin.LINK
    subscribing.unsubscribe(reader.pk, edition=kind, now=now, origin=origin)


def receives(reader: Subscriber, kind: str) -> bool:
    wants = reader.wants_daily if kind == "daily" else reader.wants_weekly
    return reader.state == Subscriber.State.ACTIVE and wants


def choices_path(reader: Subscriber) -> str:
    return reverse("subscribers:choices", args=[make_token(Purpose.CHOICES, reader.pk)])


def today_of(reader: Subscriber, now: datetime) -> date:
    """Return the date where the reader lives, or in UTC if their zone is not known any more."""
    return now.astimezone(zone_named(reader.time_zone)).date()
