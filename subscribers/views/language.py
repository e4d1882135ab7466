"""The choice of a language for the public pages; personal pages speak each reader's own."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from subscribers.languages import is_spoken


# Another site could at most change the language here, and a token would need a cookie more.
@csrf_exempt
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep the language for this browser, and go back to the page that ``next`` names."""
    response = redirect(local_path(request.POST.get("next", "")))
    code = request.POST.get("language", "")
    if is_spoken(code):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            code,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
        )
    response["Cache-Control"] = "no-store"
    return response


def local_path(text: str) -> str:
    """Return a path of this site, or that of the front page for anything else."""
    is_ours = text.startswith("/") and url_has_allowed_host_and_scheme(text, allowed_hosts=None)
    return text if is_ours else reverse("subscribers:subscribe")
