"""A reader's own addresses in the mails of issues."""

from newsletter.composing import PersonalLinks
from subscribers.links import choices_url, mute_token, personal, unsubscribe_url
from subscribers.models import Subscriber
from subscribers.tokens import Purpose, make_token


def read_url(delivery_id: int, reader: Subscriber) -> str:
    """Return the address of an issue on the web as its reader received it by a delivery."""
    return personal("newsletter:read", make_token(Purpose.READ, delivery_id, reader.link_epoch))


def links_of(reader: Subscriber, delivery_id: int, kind: str) -> PersonalLinks:
    """Return what a ``kind`` issue's mail holds for one reader alone."""
    return PersonalLinks(
        unsubscribe_url=unsubscribe_url(kind, reader.pk),
        choices_url=choices_url(reader),
        read_url=read_url(delivery_id, reader),
        mute_token=mute_token(reader),
        address=reader.email,
    )
