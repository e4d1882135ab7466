"""What tests of personal pages share."""

from django.http.response import HttpResponseBase
from django.urls import reverse

from subscribers.models import Subscriber
from subscribers.tokens import Purpose, make_token


def feed_path(reader: Subscriber, form: str = "atom") -> str:
    return reverse("newsletter:own_feed", args=[make_token(Purpose.FEED, reader.pk), form])


def is_private(response: HttpResponseBase) -> bool:
    """Tell whether an answer is kept by nobody, indexed by nobody and told to no other site."""
    return (response["Cache-Control"], response["X-Robots-Tag"], response["Referrer-Policy"]) == (
        "no-store",
        "noindex",
        "no-referrer",
    )
