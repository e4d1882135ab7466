"""Stamps: when a form was given out, signed, so that nothing about a form is stored.

A stamp is the time in milliseconds since 1970 and the first 128 bits of an HMAC-SHA256 over
it, in base64url: 30 characters that say nothing about anybody. One that is bound to an
address is worth nothing for any other; only such a one can stand for having waited.
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta

from subscribers.tokens import MAC_BYTES, is_ours, sign

# A page that stood open overnight is still good; a stock of stamps does not keep.
GOOD_FOR = timedelta(days=1)
# Milliseconds since 1970 fit into six bytes for another 8,000 years.
TIME_BYTES = 6
MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadStamp(ValueError):
    """Not a stamp of ours, not for this address, of the future, or older than a day."""


def folded(email: str) -> bytes:
    """Return an address as it was typed, but for capitals and blanks at its ends.

    Only what is ASCII is folded, which every programming language does alike: browsers and
    programs have to come to the same bytes.
    """
    return email.encode(errors="replace").strip().lower()


def make_stamp(now: datetime, email: str = "") -> str:
    """Return a stamp of this moment, for everybody or for one address as it was typed."""
    time = ((now - EPOCH) // MILLISECOND).to_bytes(TIME_BYTES, "big")
    return base64.urlsafe_b64encode(time + sign(message_of(time, email))).decode().rstrip("=")


def age_of(stamp: str, now: datetime, email: str = "") -> timedelta:
    """Return how long ago a stamp was made, for everybody or for this address.

    Raises BadStamp.
    """
    try:
        signed = base64.b64decode(
            stamp.encode("ascii") + b"=" * (-len(stamp) % 4), altchars=b"-_", validate=True
        )
    except (ValueError, binascii.Error) as exc:
        raise BadStamp("not a stamp") from exc
    time, signature = signed[:TIME_BYTES], signed[TIME_BYTES:]
    if len(signature) != MAC_BYTES or not is_ours(message_of(time, email), signature):
        raise BadStamp("the signature is not ours")
    age = (now - EPOCH) // MILLISECOND * MILLISECOND - int.from_bytes(time, "big") * MILLISECOND
    if not timedelta() <= age <= GOOD_FOR:
        raise BadStamp("the stamp is not of today")
    return age


def message_of(time: bytes, email: str) -> bytes:
    return b"broadsheet.stamp." + time + folded(email)
