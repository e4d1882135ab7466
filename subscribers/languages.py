"""In which language a page is shown."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers


class LanguageMiddleware(LocaleMiddleware):
    """Django's choice of a language, by cookie and then by what the browser asks for.

    Django names Accept-Language alone in ``Vary``. A cache between us and a reader would give
    a page that somebody chose by the cookie to others.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        patch_vary_headers(response, ("Cookie",))
        return super().process_response(request, response)


def is_spoken(code: str) -> bool:
    """Tell whether pages and mails are complete in a language."""
    return code in dict(settings.LANGUAGES)


def speak(request: HttpRequest, code: str) -> None:
    """Answer this request in a language of ours; any other code changes nothing."""
    if is_spoken(code):
        translation.activate(code)
        request.LANGUAGE_CODE = code
