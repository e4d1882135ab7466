"""What tests of personal pages share."""

from django.http.response import HttpResponseBase
from django.urls import reverse

from subscribers.links import token_of
from subscribers.models import Subscriber
from subscribers.tokens import Purpose


def feed_path(reader: Subscriber, form: str = "atom") -> str:
    return reverse("newsletter:own_feed", args=[token_of(Purpose.FEED, reader), form])


def is_private(response: HttpResponseBase) -> bool:
    """Tell whether an answer is kept by nobody, indexed by nobody and told to no other site."""
    return (response["Cache-Control"], response["X-Robots-Tag"], response["Referrer-Policy"]) == (
        "no-store",
        "noindex",
        "no-referrer",
    )
