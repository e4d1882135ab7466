"""What every page may say about the publication."""

from django.conf import settings
from django.http import HttpRequest


def publication(request: HttpRequest) -> dict[str, str]:
    """Give templates the publication's name, tagline and base URL."""
    return {
        "publication_name": settings.PUBLICATION_NAME,
        "publication_tagline": settings.PUBLICATION_TAGLINE,
        "base_url": settings.BASE_URL,
    }
