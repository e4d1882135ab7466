"""The choices page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from subscribers import moving, subscribing
from subscribers.forms.rooms import REASONS
from subscribers.links import token_of
from subscribers.models import Subscriber
from subscribers.personal import personal, reader_of
from subscribers.tokens import Purpose
from subscribers.views.statuses import UNPROCESSABLE
from subscribers.views.visiting import BUTTONS, PAUSED, Visit, save, visit_of

State = Subscriber.State

SAVED = _("Saved. The next mail that goes out follows your new choices.")
KEPT = _("Your choices are kept.")
KEPT_AFTER_LEAVING = _("Your choices are kept, but you have left; press “Subscribe again”.")
SAME = _("Nothing was different, so all stays as it was.")
PAUSE_NOTED = _("Your pause is noted.")
HEARD = _("The source is heard again, from the next mail on.")
NOT_MUTED = _("The source is not muted any more.")
LEFT = _("You are unsubscribed.")
THANKS = _("Thank you for telling us.")
FINE = _("Nothing was said, and that is fine.")
# For readers whose address waits, or takes no mail: what they choose is for later.
LATER: dict[str, Promise] = {
    State.PENDING: KEPT,
    State.SUPPRESSED: KEPT,
    State.UNSUBSCRIBED: KEPT_AFTER_LEAVING,
}
STANDINGS = (*State.values, PAUSED)
# What to tell after a button, by how things stand when the page is shown: in another tab
# they may have changed. What is not here would not be true.
DONE_MESSAGES: dict[str, dict[str, Promise]] = {
    "saved": {State.ACTIVE: SAVED, PAUSED: SAVED, **LATER},
    "same": {State.ACTIVE: SAME, PAUSED: SAME, **LATER},
    "paused": {PAUSED: PAUSE_NOTED, **LATER},
    "resumed": {State.ACTIVE: _("The pause is over. You get the next issue again."), **LATER},
    "heard": {**dict.fromkeys(STANDINGS, NOT_MUTED), State.ACTIVE: HEARD, PAUSED: HEARD},
    "left": {State.UNSUBSCRIBED: LEFT, State.SUPPRESSED: LEFT},
    "told": dict.fromkeys(STANDINGS, THANKS),
    "untold": dict.fromkeys(STANDINGS, FINE),
    "back": {
        State.ACTIVE: _("Welcome back. You get the next issue again."),
        PAUSED: _("Welcome back."),
    },
}


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
    done = BUTTONS.get(action, save)(visit)
    if done == "asked":
        # No redirect: the new address would have to stand in the page's own.
        context = {"email": visit.move.cleaned_data["email"]}
        return render(request, "subscribers/address_asked.html", context)
    return redirect(f"{request.path}?done={done}") if done else page_of(request, visit)


def page_of(request: HttpRequest, visit: Visit) -> HttpResponse:
    reader, done = visit.reader, request.GET.get("done", "")
    context = {
        "visit": visit,
        "form": visit.form,
        "reader": reader,
        "standing": visit.standing,
        "done": done,
        "message": DONE_MESSAGES.get(done, {}).get(visit.standing),
        "muted": visit.muted,
        "may_move": moving.may_move(reader),
        "may_undo": subscribing.may_undo(reader, visit.now),
        "reasons": REASONS,
        # Of our own making: an older key may have signed the one in the address.
        "token": token_of(Purpose.CHOICES, reader),
        "feed_token": token_of(Purpose.FEED, reader),
    }
    status = UNPROCESSABLE if visit.wrong else 200
    return render(request, "subscribers/choices.html", context, status=status)
