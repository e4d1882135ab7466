"""What readers see of themselves: an issue as they received it, their own feed, their data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from uuid import uuid5

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from newsletter.disclosing import document
from newsletter.feed_entries import own_entry
from newsletter.feed_views import NEWEST, form_of
from newsletter.feeds import Entry, Feed
from newsletter.models import Delivery, Issue, WebCopy
from newsletter.presenting import shown
from newsletter.receiving import received
from subscribers.audience import choice_of
from subscribers.links import absolute
from subscribers.models import Source, Subscriber
from subscribers.personal import personal, reader_of, refuse_outdated, speak_to
from subscribers.tokens import Purpose, read_token
from subscribers.views.statuses import GONE

# A choice of few sources leaves nothing of most dailies; further back nobody reads in a feed.
LOOKED_AT = 120


@personal
@require_safe
def read(request: HttpRequest, token: str) -> HttpResponse:
    """Show the stories that stood in one mail; its reader alone has the address."""
    deliveries = Delivery.objects.select_related("issue", "revision", "subscriber")
    said = read_token(Purpose.READ, token)
    delivery = deliveries.defer("revision__rendered").filter(pk=said.number).first()
    if delivery is None or delivery.subscriber is None:
        return render(request, "newsletter/read_gone.html", status=404)
    refuse_outdated(said, delivery.subscriber)
    speak_to(delivery.subscriber)
    copy = WebCopy.objects.filter(issue=delivery.issue_id).first()
    share_url = absolute(reverse("newsletter:issue", args=[delivery.issue.slug])) if copy else ""
    found = received(delivery)
    context = {"issue": delivery.issue, "copy": copy, "share_url": share_url, "received": found}
    if found is None:
        return render(request, "newsletter/read_unknown.html", context)
    return render(request, "newsletter/read.html", {**context, **shown(found.content)})


@personal
@require_safe
def own_feed(request: HttpRequest, token: str, ending: str) -> HttpResponse:
    """Give the newest issues through a reader's choice as it is now.

    To whoever left it is empty and says so: they may come back, and programs should go on
    asking. A reader who was deleted does not come back: 410 tells programs to forget the feed.
    A pause is for mail; the feed, which nobody is sent, goes on.
    """
    form = form_of(ending)
    reader = reader_of(Purpose.FEED, token)
    if reader is None:
        return render(request, "subscribers/no_more_mail.html", status=GONE)
    entries = own_entries(reader, timezone.now()) if reads(reader) else ()
    feed = Feed(
        # Not the address, which holds the token; the reader's own row is known by neither.
        id=uuid5(reader.uid, "feed").urn,
        title=own_title(reader),
        self_url=absolute(request.path),
        home_url=absolute(reverse("newsletter:archive")),
        author=settings.PUBLICATION_NAME,
        language=settings.PUBLICATION_LANGUAGE,
        entries=tuple(islice(entries, NEWEST)),
    )
    return HttpResponse(form.write(feed), content_type=form.content_type)


def reads(reader: Subscriber) -> bool:
    """Tell whether a reader confirmed and has not left; a suppressed address hinders mail alone."""
    return reader.confirmed_at is not None and reader.left_at is None


def own_title(reader: Subscriber) -> str:
    words = {"publication": settings.PUBLICATION_NAME}
    if not reads(reader):
        return _("%(publication)s: you are not subscribed, so nothing comes here") % words
    return _("%(publication)s: your own selection") % words


def own_entries(reader: Subscriber, now: datetime) -> Iterator[Entry]:
    """Yield what a reader's choice leaves of public issues, newest first."""
    wanted = [kind for kind in Issue.Kind.values if getattr(reader, f"wants_{kind}")]
    choice = choice_of(reader, Source.objects.merge_groups(), now)
    copies = WebCopy.objects.filter(issue__kind__in=wanted).newest_first().select_related("issue")
    newest = copies[:LOOKED_AT].iterator(chunk_size=NEWEST)
    return filter(None, (own_entry(copy, choice) for copy in newest))


@personal
@require_safe
def data(request: HttpRequest, token: str) -> HttpResponseBase:
    """Send everything that is kept about a reader, as a file."""
    reader = reader_of(Purpose.CHOICES, token)
    if reader is None:
        return render(request, "subscribers/no_more_mail.html", status=GONE)
    now = timezone.now()
    language = translation.get_language()
    response = StreamingHttpResponse(
        spoken(document(reader, now=now), language), content_type="application/json"
    )
    day = now.date().isoformat()
    response["Content-Disposition"] = f'attachment; filename="broadsheet-data-{day}.json"'
    return response


def spoken(pieces: Iterable[str], language: str | None) -> Iterator[str]:
    """Yield what is made in a language, for it is made after the view has returned."""
    with translation.override(language):
        yield from pieces
