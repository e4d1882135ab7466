"""A reader's own addresses in the mails of issues."""

from newsletter.composing import PersonalLinks
from subscribers.links import choices_url, mute_token, personal, unsubscribe_url
from subscribers.models import Subscriber
from subscribers.tokens import Purpose, make_token


def read_url(delivery_id: int) -> str:
    """Return the address of an issue on the web as one reader received it."""
    return personal("newsletter:read", make_token(Purpose.READ, delivery_id))


def links_of(reader: Subscriber, delivery_id: int, kind: str) -> PersonalLinks:
    """Return what a ``kind`` issue's mail holds for one reader alone."""
    return PersonalLinks(
        unsubscribe_url=unsubscribe_url(kind, reader.pk),
        choices_url=choices_url(reader.pk),
        read_url=read_url(delivery_id),
        mute_token=mute_token(reader.pk),
        address=reader.email,
    )
