"""Pages behind a personal link. GET and HEAD only show; the rules live in ``subscribing``."""

from datetime import date, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from subscribers import subscribing
from subscribers.audience import today_of
from subscribers.choices import choices_of
from subscribers.forms.choices import PreferencesForm, initial_of
from subscribers.links import UNSUBSCRIBE_PURPOSE
from subscribers.models import CONFIRM_WITHIN, ConsentEvent, Subscriber
from subscribers.personal import personal, reader_of
from subscribers.subscribing import Confirmation
from subscribers.tokens import BadToken, Purpose, make_token
from subscribers.views.statuses import UNPROCESSABLE

GONE = 410
Origin = ConsentEvent.Origin

State = Subscriber.State

EDITIONS = {purpose.value: (kind, purpose) for kind, purpose in UNSUBSCRIBE_PURPOSE.items()}
PAUSED = "paused"
KEPT = _("Your choices are kept.")
KEPT_AFTER_LEAVING = _("Your choices are kept, but you have left; press “Subscribe again”.")
# What to tell after a button, by how things stand when the page is shown: in another tab
# they may have changed. What is not here would not be true.
DONE_MESSAGES = {
    ("saved", State.ACTIVE): _("Saved. The next mail that goes out follows your new choices."),
    ("saved", PAUSED): _("Saved. The next mail that goes out follows your new choices."),
    ("saved", State.UNSUBSCRIBED): KEPT_AFTER_LEAVING,
    ("saved", State.PENDING): KEPT,
    ("saved", State.SUPPRESSED): KEPT,
    ("same", State.ACTIVE): _("Nothing was different, so all stays as it was."),
    ("same", PAUSED): _("Nothing was different, so all stays as it was."),
    ("same", State.UNSUBSCRIBED): KEPT_AFTER_LEAVING,
    ("resumed", State.ACTIVE): _("The pause is over. You get the next issue again."),
    ("left", State.UNSUBSCRIBED): _("You are unsubscribed."),
    ("back", State.ACTIVE): _("Welcome back. You get the next issue again."),
    ("back", PAUSED): _("Welcome back."),
}


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
        form = PreferencesForm(request.POST, today=today, own_zone=reader.time_zone)
        done = act_on_choices(reader, request.POST.get("action", ""), form, now)
        if done:
            return redirect(f"{request.path}?done={done}")
    else:
        kept = initial_of(choices_of(reader), today=today)
        form = PreferencesForm(initial=kept, today=today, own_zone=reader.time_zone)
    standing = standing_of(reader, today)
    context = {
        "form": form,
        "reader": reader,
        "standing": standing,
        "message": DONE_MESSAGES.get((request.GET.get("done", ""), standing)),
    }
    return render(
        request, "subscribers/choices.html", context, status=UNPROCESSABLE if form.errors else 200
    )


def standing_of(reader: Subscriber, today: date) -> str:
    """Return the reader's state, or PAUSED for an active one who gets no mail for now."""
    paused = reader.paused_until is not None and reader.paused_until >= today
    return PAUSED if paused and reader.state == State.ACTIVE else reader.state


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
    context = {
        "kind": kind,
        "is_on": may_come(reader, kind),
        "other": other,
        "other_is_on": may_come(reader, other),
        "is_suppressed": reader.state == State.SUPPRESSED,
        "may_undo": subscribing.may_undo(reader, now),
        "came_back": request.method == "POST" and may_come(reader, kind),
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


def may_come(reader: Subscriber, kind: str) -> bool:
    """Tell whether an edition comes, or would once the address is suppressed no more."""
    wants = reader.wants_daily if kind == "daily" else reader.wants_weekly
    stays = reader.state == State.SUPPRESSED and reader.left_at is None
    return wants and (reader.state == State.ACTIVE or stays)


def choices_path(reader: Subscriber) -> str:
    return reverse("subscribers:choices", args=[make_token(Purpose.CHOICES, reader.pk)])
