"""“Fewer like this”, beside a story in a mail: leave out its sources for a while, or for good.

The mail may be passed on, and the link with it. It tells nothing about its reader, and leads
to none of the reader's other pages.
"""

from datetime import date, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from subscribers import muting
from subscribers.audience import today_of
from subscribers.models import ConsentEvent, Source, Subscriber
from subscribers.muted import ids_in, muted_by, sources_named
from subscribers.personal import personal, reader_of
from subscribers.tokens import Purpose
from subscribers.views.statuses import UNPROCESSABLE

Origin = ConsentEvent.Origin

# What the buttons say.
FOR_DAYS, FOR_GOOD, UNDO = "for_days", "for_good", "undo"


@personal
def mute(request: HttpRequest, token: str, ids: str) -> HttpResponse:
    """Show a story's sources; POST mutes those that are ticked, or hears them again."""
    reader = reader_of(Purpose.MUTE, token)
    if reader is None:
        return render(request, "subscribers/no_more_mail.html")
    found = sources_named(ids_in(ids))
    if not found:
        return render(request, "subscribers/mute_nobody.html", status=404)
    now = timezone.now()
    today = today_of(reader, now)
    until = today + timedelta(days=muting.MUTE_DAYS)
    running = [source for source in found if source.retired_at is None]
    chosen = ticked(request, running)
    done = act(reader, chosen, request.POST.get("action", ""), until=until, now=now)
    names = {source.pk for source in running}
    context = {
        "reader": reader,
        "sources": running,
        "chosen": [source.pk for source in chosen],
        "retired": [source for source in found if source.retired_at],
        "muted": [one for one in muted_by(reader, today) if one.source.pk in names],
        "until": until,
        "days": muting.MUTE_DAYS,
        "done": done,
        "is_empty": request.method == "POST" and running and not chosen,
    }
    status = UNPROCESSABLE if context["is_empty"] else 200
    return render(request, "subscribers/mute.html", context, status=status)


def ticked(request: HttpRequest, sources: list[Source]) -> list[Source]:
    """Return which sources a post means: one that stands alone has no box to tick."""
    if request.method != "POST" or len(sources) == 1:
        return sources
    named = set(request.POST.getlist("source"))
    return [source for source in sources if str(source.pk) in named]


def act(
    reader: Subscriber, chosen: list[Source], action: str, *, until: date, now: datetime
) -> str:
    """Do what the pressed button says; return the button, or "" where nothing was pressed."""
    ids = [source.pk for source in chosen]
    if not ids or action not in (FOR_DAYS, FOR_GOOD, UNDO):
        return ""
    if action == UNDO:
        muting.unmute(reader.pk, ids, now=now, origin=Origin.LINK)
    else:
        last = until if action == FOR_DAYS else None
        muting.mute(reader.pk, ids, until=last, now=now, origin=Origin.LINK)
    return action
