"""What every page may say about the publication."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language


def publication(request: HttpRequest) -> dict[str, str]:
    """Give templates the publication's name, tagline and base URL.

    ``text_language`` is that of its texts, for ``lang``, on pages that speak another one; else "".
    """
    language = settings.PUBLICATION_LANGUAGE
    return {
        "publication_name": settings.PUBLICATION_NAME,
        "publication_tagline": settings.PUBLICATION_TAGLINE,
        "base_url": settings.BASE_URL,
        "text_language": "" if language == get_language() else language,
    }
