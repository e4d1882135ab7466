"""The front page for programs: the same form and the same gates, in JSON."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt

from subscribers.admission import NotYet, TooMany, challenge_for, make_stamp, network_of
from subscribers.forms.door import Origin, SubscribeForm
from subscribers.forms.from_json import BadBody, fields_of
from subscribers.languages import speak
from subscribers.models import Source
from subscribers.views.door import let_in
from subscribers.views.stamped import FOR_THIS_BROWSER
from subscribers.views.statuses import TOO_MANY, UNPROCESSABLE

ACCEPTED = 202
BAD_REQUEST = 400
METHOD_NOT_ALLOWED = 405
UNSUPPORTED_MEDIA_TYPE = 415
METHODS = "GET, HEAD, POST, OPTIONS"
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}
# Scripts of any site may read these answers. That gives nobody a power: without
# Allow-Credentials browsers send no cookie along, no answer depends on one, none says
# anything about an address, and a form on any site can post the same without asking.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Expose-Headers": "Retry-After",
    # How long a browser remembers the above, in seconds.
    "Access-Control-Max-Age": "86400",
}


@csrf_exempt  # as the form of the front page
def subscribe_json(request: HttpRequest) -> HttpResponse:
    """Say what a sign-up needs; POST takes one, as JSON or as a form's fields.

    202 for every valid request, whoever's address it names; 422 with ``errors`` by field, or
    with how long to wait and the stamp to bring; 429 with Retry-After; 400 for what cannot be
    read.
    """
    if request.method == "OPTIONS":
        response = HttpResponse(status=204, headers={"Allow": METHODS})
    elif request.method in ("GET", "HEAD"):
        response = JsonResponse(needed())
        response["Cache-Control"] = FOR_THIS_BROWSER
    elif request.method == "POST":
        response = answer(request)
        response["Cache-Control"] = "no-store"
    else:
        response = JsonResponse(
            {"message": _("Only GET and POST are answered here.")},
            status=METHOD_NOT_ALLOWED,
            headers={"Allow": METHODS},
        )
    for name, value in CORS.items():
        response[name] = value
    return response


def needed() -> dict[str, Any]:
    """Return what a program needs to fill in the form."""
    stamp = make_stamp(timezone.now())
    return {
        "stamp": stamp,
        "min_seconds": settings.MIN_FORM_SECONDS,
        "proof_of_work": challenge_for(stamp),
        "sources": list(Source.objects.offered().values("slug", "name", "company")),
        "languages": [code for code, _name in settings.LANGUAGES],
    }


def answer(request: HttpRequest) -> HttpResponse:
    try:
        fields = sent(request)
    except BadBody as exc:
        return JsonResponse({"message": str(exc)}, status=BAD_REQUEST)
    if fields is None:
        told = {"message": _("Send JSON as application/json, or a form’s fields.")}
        return JsonResponse(told, status=UNSUPPORTED_MEDIA_TYPE)
    speak(request, fields.get("language", ""))
    form = SubscribeForm(fields)
    if not form.is_valid():
        return JsonResponse(faults(form), status=UNPROCESSABLE)
    return knock(form, network_of(request))


def sent(request: HttpRequest) -> QueryDict | None:
    """Return the fields of a post, or None where it is of no known type; raise BadBody."""
    if request.content_type == "application/json":
        return fields_of(request.body)
    if request.content_type not in FORMS:
        return None
    fields = request.POST.copy()
    # The page's button for a preview: there is none here, and its form may lack an address.
    fields.pop("action", None)
    return fields


def faults(form: SubscribeForm) -> dict[str, Any]:
    """Return what is wrong, by field, and the address that was probably meant."""
    told: dict[str, Any] = {"errors": {name: list(errors) for name, errors in form.errors.items()}}
    if form.suggestion:
        told["suggestion"] = form.suggestion
    return told


def knock(form: SubscribeForm, network: str) -> HttpResponse:
    try:
        let_in(form, network, origin=Origin.API, now=timezone.now())
    except NotYet as exc:
        told = {
            "wait_seconds": exc.wait_seconds,
            "stamp": exc.stamp,
            "proof_of_work": challenge_for(exc.stamp),
            "message": ngettext(
                "Send it again in %(count)d second, with this stamp.",
                "Send it again in %(count)d seconds, with this stamp.",
                exc.wait_seconds,
            )
            % {"count": exc.wait_seconds},
        }
        return JsonResponse(told, status=UNPROCESSABLE)
    except TooMany as exc:
        told = {"message": _("Too many sign-ups came at once. Try again later.")}
        headers = {"Retry-After": str(exc.retry_after_seconds)}
        return JsonResponse(told, status=TOO_MANY, headers=headers)
    told = {
        "status": "check_inbox",
        "message": _("If this address can get mail from us, one comes: follow its link."),
    }
    return JsonResponse(told, status=ACCEPTED)
