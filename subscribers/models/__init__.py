"""People and what they follow."""

from subscribers.models.consent import DETAIL_MAX_LENGTH, ConsentEvent
from subscribers.models.doors import Quota, SignUp
from subscribers.models.people import (
    CONFIRM_WITHIN,
    EMAIL_MAX_LENGTH,
    LANGUAGE_MAX_LENGTH,
    ZONE_MAX_LENGTH,
    AddressChange,
    Mute,
    Subscriber,
    Weekday,
)
from subscribers.models.sources import Source, SourceQuerySet

__all__ = [
    "CONFIRM_WITHIN",
    "DETAIL_MAX_LENGTH",
    "EMAIL_MAX_LENGTH",
    "LANGUAGE_MAX_LENGTH",
    "ZONE_MAX_LENGTH",
    "AddressChange",
    "ConsentEvent",
    "Mute",
    "Quota",
    "SignUp",
    "Source",
    "SourceQuerySet",
    "Subscriber",
    "Weekday",
]
