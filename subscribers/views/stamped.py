"""Pages that are the same for everybody but for the stamp of their form.

Such a page is built once and kept in this process, in two pieces or more; a request costs one
question to the catalogue, one signature and the joining. The browser may keep an answer, so
that Back shows what was typed, and no other cache may: ``no-cache`` makes the browser ask
again for a new visit, because a stamp is good for a day, and ``private`` keeps one visitor's
stamp from being handed to all the others. ``no-store`` would take Back away, and from the
answer to a post too: who goes back to it would be asked whether to send everything again.
"""

import secrets
import time
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language

from subscribers.admission import make_stamp
from subscribers.context import publication
from subscribers.forms.door import SubscribeForm
from subscribers.forms.zones import REGIONS
from subscribers.models import Source

FOR_THIS_BROWSER = "private, no-cache"
# Nobody can write it into the name of a source, and it is escaped nowhere.
PLACE = secrets.token_hex(16)
# What a page says besides sources, as the latest issue, may be this old.
FRESH_SECONDS = 30
# A few pages in each language, under the catalogue of now and of a moment ago.
KEPT_PAGES = 16

# Whatever a page is built of; it is built anew as soon as any of it differs.
Facts = tuple[object, ...]


def stamped(request: HttpRequest, template: str) -> HttpResponse:
    """Return the page of an empty form, with a stamp of this moment."""
    offered = Source.objects.offered().values_list("slug", "name", "company")
    facts = (
        get_language(),
        tuple(offered),
        tuple(publication(request).values()),
        settings.PROOF_OF_WORK_BITS,
    )
    pieces = page(template, request.path, facts, int(time.monotonic() // FRESH_SECONDS))
    response = HttpResponse(make_stamp(timezone.now()).encode().join(pieces))
    response["Cache-Control"] = FOR_THIS_BROWSER
    return response


@lru_cache(maxsize=KEPT_PAGES)
def page(template: str, path: str, facts: Facts, moment: int) -> tuple[bytes, ...]:
    """Build a page for a request that has nothing but its path, so that it fits everybody."""
    blank = HttpRequest()
    blank.path = blank.path_info = path
    context = form_context(SubscribeForm(), PLACE) | {"regions": " ".join(REGIONS)}
    return tuple(render_to_string(template, context, blank).encode().split(PLACE.encode()))


def form_context(form: SubscribeForm, stamp: str) -> dict[str, Any]:
    """Return what a page with the form needs, besides its own."""
    return {"form": form, "stamp": stamp, "proof_bits": settings.PROOF_OF_WORK_BITS}
