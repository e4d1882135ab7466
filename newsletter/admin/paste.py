from typing import Any

from django.http import HttpRequest, HttpResponse


def paste_view(request: HttpRequest, model_admin: Any) -> HttpResponse:
    return HttpResponse("")
