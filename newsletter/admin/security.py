"""What the admin's pages may load: ours alone, with the inline code that its theme needs."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

POLICY_HEADER = "Content-Security-Policy"
# Alpine, which the theme is made with, builds functions out of attributes.
ADMIN_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    )
)
# A previewed mail is somebody's text: it runs nothing and loads nothing.
PREVIEW_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)


# What an editor is told where something went wrong; the readers' pages have their own words.
TOLD: dict[int, tuple[str | Promise, str | Promise]] = {
    HTTPStatus.FORBIDDEN: (
        _("You may not do this"),
        _(
            "Your account lacks the permission, or the page was open so long that you have been "
            "logged out. Go back, copy what you typed, and log in again; or ask an administrator."
        ),
    ),
    HTTPStatus.NOT_FOUND: (
        _("There is nothing here"),
        _("It was deleted, perhaps by somebody else, or the address is mistyped."),
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        _("Something broke"),
        _(
            "This is a fault of Broadsheet. Go back: what you typed may still be there. The "
            "operator finds the details in the log."
        ),
    ),
}


class AdminPolicyMiddleware:
    """Give pages below /admin/ their own policy and their own words for errors.

    A response that brings a policy keeps it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path.startswith(reverse("admin:index")):
            if response.status_code in TOLD and not settings.DEBUG:
                response = error_page(response.status_code)
            response.headers.setdefault(POLICY_HEADER, ADMIN_POLICY)
        return response


def error_page(status: int) -> HttpResponse:
    """Return the page that tells an editor what went wrong, and where to go on."""
    title, advice = TOLD[status]
    context = {"title": title, "advice": advice, "desk_url": reverse("admin:index")}
    return HttpResponse(render_to_string("newsletter/admin/error.html", context), status=status)
