"""The choices page: one form for what comes and when, and a small one for everything else."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from subscribers import subscribing
from subscribers.audience import today_of
from subscribers.choices import choices_of
from subscribers.forms.rooms import AddressForm, PauseForm, PreferencesForm
from subscribers.models import ConsentEvent, Subscriber
from subscribers.personal import personal, reader_of
from subscribers.saving import with_changes
from subscribers.tokens import Purpose
from subscribers.views.statuses import UNPROCESSABLE

Origin = ConsentEvent.Origin
State = Subscriber.State

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


@dataclass(frozen=True, slots=True)
class Visit:
    """A reader on the page, at a time, with its forms; the one that was sent is filled in."""

    reader: Subscriber
    now: datetime
    today: date
    form: PreferencesForm
    pause: PauseForm
    move: AddressForm

    @property
    def has_errors(self) -> bool:
        return bool(self.form.errors or self.pause.errors or self.move.errors)


@personal
def choices(request: HttpRequest, token: str) -> HttpResponse:
    """Show a reader's choices; POST does what one of the page's buttons says."""
    reader = reader_of(Purpose.CHOICES, token)
    if reader is None:
        return render(request, "subscribers/no_more_mail.html")
    if request.method != "POST":
        return page_of(request, visit_of(reader))
    action = request.POST.get("action", "")
    visit = visit_of(reader, action, request.POST)
    done = ACTIONS.get(action, save)(visit)
    return redirect(f"{request.path}?done={done}") if done else page_of(request, visit)


def visit_of(reader: Subscriber, action: str = "", sent: QueryDict | None = None) -> Visit:
    """Fill what was sent into the form that the pressed button belongs to."""
    now = timezone.now()
    today = today_of(reader, now)
    kept = choices_of(reader)
    pause = reader.paused_until if is_paused(reader, today) else None
    return Visit(
        reader=reader,
        now=now,
        today=today,
        form=PreferencesForm(None if action in OTHER_FORMS else sent, kept=kept),
        pause=PauseForm(
            sent if action == "pause" else None, today=today, initial={"paused_until": pause}
        ),
        move=AddressForm(sent if action == "move" else None, own=reader.email),
    )


def page_of(request: HttpRequest, visit: Visit) -> HttpResponse:
    standing = standing_of(visit.reader, visit.today)
    context = {
        "visit": visit,
        "form": visit.form,
        "reader": visit.reader,
        "standing": standing,
        "message": DONE_MESSAGES.get((request.GET.get("done", ""), standing)),
    }
    status = UNPROCESSABLE if visit.has_errors else 200
    return render(request, "subscribers/choices.html", context, status=status)


def is_paused(reader: Subscriber, today: date) -> bool:
    return reader.paused_until is not None and reader.paused_until >= today


def standing_of(reader: Subscriber, today: date) -> str:
    """Return the reader's state, or PAUSED for an active one who gets no mail for now."""
    paused = reader.state == State.ACTIVE and is_paused(reader, today)
    return PAUSED if paused else reader.state


# What the buttons do. Each returns what to tell, or "" where its form needs mending.


def save(visit: Visit) -> str:
    """Write what the person changed of editions, sources, hours, zone and language."""
    if not visit.form.is_valid():
        return ""
    shown, wished = visit.form.shown_choices(), visit.form.choices()
    changed = subscribing.change(
        visit.reader.pk,
        lambda current: with_changes(current, shown=shown, wished=wished),
        now=visit.now,
        origin=Origin.PAGE,
    )
    return "saved" if changed else "same"


def come_back(visit: Visit) -> str:
    """Subscribe again, with the form as it was sent."""
    if not visit.form.is_valid():
        return ""
    wished = with_changes(choices_of(visit.reader), shown=None, wished=visit.form.choices())
    return "back" if subscribing.come_back(visit.reader.pk, wished, now=visit.now) else "same"


def leave(visit: Visit) -> str:
    subscribing.unsubscribe(visit.reader.pk, now=visit.now, origin=Origin.PAGE)
    return "left"


def pause(visit: Visit) -> str:
    if not visit.pause.is_valid():
        return ""
    day = visit.pause.cleaned_data["paused_until"]
    subscribing.change(
        visit.reader.pk,
        lambda current: replace(current, paused_until=day),
        now=visit.now,
        origin=Origin.PAGE,
    )
    return "paused"


def resume(visit: Visit) -> str:
    return "resumed" if subscribing.resume(visit.reader.pk, now=visit.now) else "same"


ACTIONS: dict[str, Callable[[Visit], str]] = {
    "save": save,
    "back": come_back,
    "leave": leave,
    "pause": pause,
    "resume": resume,
}
# Buttons that do not send the form of choices.
OTHER_FORMS = ACTIONS.keys() - {"save", "back"}
