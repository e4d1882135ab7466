"""The page on which a reader's new address says that it is theirs."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from subscribers import moving
from subscribers.models import CONFIRM_WITHIN
from subscribers.moving import Moving
from subscribers.personal import personal, speak_to
from subscribers.tokens import Purpose, read_token
from subscribers.views.statuses import CONFLICT, GONE

STATUSES = {Moving.TAKEN: CONFLICT, Moving.EXPIRED: GONE}


@personal
def address(request: HttpRequest, token: str) -> HttpResponse:
    """Show a button to GET; POST sends the reader's mail to the new address from then on."""
    change = moving.change_of(read_token(Purpose.ADDRESS, token).number)
    if change:
        speak_to(change.subscriber)
    now = timezone.now()
    if request.method == "POST" and change:
        found = moving.move(change.pk, now=now)
    else:
        found = moving.state_of(change, now)
    context = {
        "found": found.value,
        "email": change.email if change else "",
        "days": CONFIRM_WITHIN.days,
    }
    return render(request, "subscribers/address.html", context, status=STATUSES.get(found, 200))
