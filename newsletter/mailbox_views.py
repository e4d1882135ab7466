"""Pages on which the mail that stayed here is read."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from config.mailers import leaves_house
from newsletter import mailbox
from subscribers.models import Subscriber

LETTERS_A_PAGE = 50
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
# A mail is somebody's text: no script, no form, nothing fetched; links open in a tab.
FRAME_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
VIEWS = ("html", "text", "headers", "source")

View = Callable[..., HttpResponse]


def here_only(view: View) -> View:
    """Answer 404 unless mail stays here, and whoever asks sits here or is on the staff."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_read(request):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def may_read(request: HttpRequest) -> bool:
    """Tell whether a request may see the mailbox: it holds every reader's links."""
    if leaves_house():
        return False
    return settings.BASE_HOST in LOCAL_HOSTS or (
        request.user.is_active and getattr(request.user, "is_staff", False)
    )


@require_safe
@never_cache
@here_only
def letters(request: HttpRequest) -> HttpResponse:
    """List the messages, the newest first, all of them or those to an address."""
    recipient = request.GET.get("to", "")
    directory = settings.MAILBOX_DIR
    found = (
        mailbox.names_to(directory, recipient) if recipient.strip() else mailbox.names(directory)
    )
    page = Paginator(found, LETTERS_A_PAGE).get_page(request.GET.get("page"))
    shown = list(mailbox.glances(directory, page.object_list))
    readers = readers_of(shown)
    rows = [
        {
            "letter": letter,
            "reader": " · ".join(readers[a] for a in letter.addresses if a in readers),
        }
        for letter in shown
    ]
    context = {"rows": rows, "page": page, "recipient": recipient, "total": len(found)}
    return render(request, "mailbox/letters.html", context)


def readers_of(shown: list[mailbox.Letter]) -> dict[str, str]:
    """Return, by address, what the readers among the recipients chose."""
    addresses = {address for letter in shown for address in letter.addresses}
    rows = (
        Subscriber.objects.filter(email__in=addresses)
        .annotate(chosen=Count("sources"))
        .values_list("email", "all_sources", "chosen")
    )
    return {email: described(all_sources, chosen) for email, all_sources, chosen in rows}


def described(all_sources: bool, chosen: int) -> str:
    """Say in a few words what a reader takes."""
    if all_sources:
        return gettext("all sources")
    return ngettext("%(n)d source", "%(n)d sources", chosen) % {"n": chosen}


@require_safe
@never_cache
@here_only
def letter(request: HttpRequest, name: str) -> HttpResponse:
    """Show one message: as HTML in a frame, as plain text, its headers or its source."""
    opened = found_or_404(name)
    view = request.GET.get("view", "html" if opened.html else "text")
    if not opened.letter.readable:
        view = "source"
    reader = " · ".join(readers_of([opened.letter]).values())
    context = {
        "letter": opened.letter,
        "opened": opened,
        "reader": reader,
        "view": view if view in VIEWS else "html",
        "views": {
            "html": gettext("HTML"),
            "text": gettext("Plain text"),
            "headers": gettext("Headers"),
            "source": gettext("Source"),
        },
    }
    return render(request, "mailbox/letter.html", context)


@require_safe
@never_cache
@here_only
@xframe_options_sameorigin
def frame(request: HttpRequest, name: str) -> HttpResponse:
    """Give the HTML part alone, under a policy of its own."""
    return HttpResponse(
        in_new_tabs(found_or_404(name).html),
        headers={"Content-Security-Policy": FRAME_POLICY, "Referrer-Policy": "no-referrer"},
    )


def found_or_404(name: str) -> mailbox.OpenLetter:
    try:
        return mailbox.read(settings.MAILBOX_DIR, name)
    except mailbox.NoLetter as exc:
        raise Http404 from exc


def in_new_tabs(html: str) -> str:
    """Let every link open a tab: inside the sandboxed frame none could lead anywhere.

    The message itself, as it was sent, says nothing of the kind.
    """
    base = '<base target="_blank">'
    changed, count = re.subn(r"<head\b[^>]*>", lambda head: head[0] + base, html, count=1)
    return changed if count else base + html
