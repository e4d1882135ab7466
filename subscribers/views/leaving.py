"""Leaving by a link in a mail: a page with one button, and the one click of RFC 8058."""

from datetime import datetime

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils import timezone

from subscribers import subscribing
from subscribers.forms.rooms import REASONS, reason_in
from subscribers.leaving import give_reason
from subscribers.links import UNSUBSCRIBE_PURPOSE
from subscribers.models import ConsentEvent, Subscriber
from subscribers.personal import personal, reader_of
from subscribers.tokens import BadToken

Origin = ConsentEvent.Origin
State = Subscriber.State

EDITIONS = {purpose.value: (kind, purpose) for kind, purpose in UNSUBSCRIBE_PURPOSE.items()}


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
    done = act(reader, kind, posted(request), now) if request.method == "POST" else ""
    reader = Subscriber.objects.filter(pk=reader.pk).first()
    if reader is None:
        return render(request, "subscribers/no_more_mail.html")
    other = "weekly" if kind == "daily" else "daily"
    context = {
        "kind": kind,
        "is_on": may_come(reader, kind),
        "other": other,
        "other_is_on": may_come(reader, other),
        "is_suppressed": reader.state == State.SUPPRESSED,
        "may_undo": subscribing.may_undo(reader, now),
        "done": done,
        "reasons": REASONS,
    }
    return render(request, "subscribers/unsubscribe.html", context)


def posted(request: HttpRequest) -> QueryDict:
    """Return what was posted; a body that cannot be read says no more than that it was posted.

    Broken multipart, another charset than UTF-8, more fields than anybody has: whoever sent
    it pressed a button, and must not be told to press it better.
    """
    try:
        return request.POST
    except (MultiPartParserError, BadRequest, SuspiciousOperation, UnreadablePostError):
        return QueryDict()


def act(reader: Subscriber, kind: str, sent: QueryDict, now: datetime) -> str:
    """Unsubscribe, unless the post comes from a button for later; tell what was done.

    A mail provider's click is one whatever else it sends along.
    """
    one_click = sent.get("List-Unsubscribe") == "One-Click"
    again = str(sent.get("again", ""))
    if not one_click and again in UNSUBSCRIBE_PURPOSE:
        subscribing.undo(reader.pk, again, now=now)
        return "back"
    if not one_click and sent.get("action") == "reason":
        return "told" if give_reason(reader.pk, reason_in(sent), now=now) else "untold"
    origin = Origin.ONE_CLICK if one_click else Origin.LINK
    subscribing.unsubscribe(reader.pk, edition=kind, now=now, origin=origin)
    return "left"


def may_come(reader: Subscriber, kind: str) -> bool:
    """Tell whether an edition comes, or would once the address is suppressed no more."""
    wants = reader.wants_daily if kind == "daily" else reader.wants_weekly
    stays = reader.state == State.SUPPRESSED and reader.left_at is None
    return wants and (reader.state == State.ACTIVE or stays)
