"""What the admin's pages may load: ours alone, with the inline code that its theme needs."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

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


class AdminPolicyMiddleware:
    """Give pages below /admin/ their own policy; a response that brings one keeps it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path.startswith(reverse("admin:index")):
            response.headers.setdefault(POLICY_HEADER, ADMIN_POLICY)
        return response
