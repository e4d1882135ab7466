"""What every page may say about the publication."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


def publication(request: HttpRequest) -> dict[str, str | bool]:
    """Give templates the publication's name, tagline and base URL, and who a page is for."""
    return {
        "publication_name": settings.PUBLICATION_NAME,
        "publication_tagline": settings.PUBLICATION_TAGLINE,
        "base_url": settings.BASE_URL,
        "is_at_the_desk": is_at_the_desk(request),
    }


def is_at_the_desk(request: HttpRequest) -> bool:
    """Tell whether an address is the admin's, where editors work and no readers come."""
    return request.path.startswith(reverse("admin:index"))
