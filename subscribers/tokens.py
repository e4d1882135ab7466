"""Signed tokens in links: who a link is for, and the one thing that it may do.

A token is one letter for its purpose, then a number (the reader's, but for two purposes)
and the first 128 bits of an HMAC-SHA256 over purpose and number, in base64url. It is made
anew from the key, so nothing is stored; it stays valid while its key is SECRET_KEY or one of
its fallbacks.
"""

import base64
import binascii
import hashlib
import hmac
from enum import StrEnum

from django.conf import settings

# NIST SP 800-107 §5.1 lets an HMAC be cut to 128 bits; fewer could be guessed.
MAC_BYTES = 16
# Eight bytes hold every BigAutoField.
MAX_ID_BYTES = 8


class Purpose(StrEnum):
    """What a token opens; its letter is the token's first."""

    CONFIRM = "c"
    CHOICES = "p"
    UNSUBSCRIBE_DAILY = "d"
    UNSUBSCRIBE_WEEKLY = "w"
    MUTE = "m"
    FEED = "f"
    READ = "r"  # its number is a delivery's
    ADDRESS = "a"  # its number is an address change's


class BadToken(ValueError):
    """The token was not made by us, or for something else."""


def mac(key: str, message: bytes) -> bytes:
    return hmac.new(key.encode(), message, hashlib.sha256).digest()[:MAC_BYTES]


def sign(message: bytes) -> bytes:
    """Return MAC_BYTES that only we can make of a message; it begins with what it is for."""
    return mac(settings.SECRET_KEY, message)


def is_ours(message: bytes, signature: bytes) -> bool:
    """Tell whether we signed this message, with the present key or one of its fallbacks."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    # Every key is tried, so that the time does not tell which one matched.
    return bool(sum(hmac.compare_digest(signature, mac(key, message)) for key in keys))


def message_of(purpose: Purpose, number: bytes) -> bytes:
    return b"broadsheet.token." + purpose.value.encode() + b"." + number


def make_token(purpose: Purpose, pk: int) -> str:
    """Return the token that lets a reader do one thing; at most 33 characters long."""
    number = pk.to_bytes((pk.bit_length() + 7) // 8 or 1, "big")
    signed = number + sign(message_of(purpose, number))
    return purpose.value + spelled(signed)


def spelled(signed: bytes) -> str:
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


def read_token(purpose: Purpose, token: str) -> int:
    """Return the number in a token; raise BadToken for anything but our token for this purpose."""
    letter, encoded = token[:1], token[1:]
    try:
        signed = base64.b64decode(
            encoded.encode("ascii") + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True
        )
    except (ValueError, binascii.Error) as exc:
        raise BadToken("not a token") from exc
    number, signature = signed[:-MAC_BYTES], signed[-MAC_BYTES:]
    # Base64 reads some texts alike; a token has one spelling, and so a page one address.
    is_for_this = letter == purpose.value and encoded == spelled(signed)
    if not is_for_this or not 1 <= len(number) <= MAX_ID_BYTES:
        raise BadToken("not a token for this")
    if not is_ours(message_of(purpose, number), signature):
        raise BadToken("the signature is not ours")
    return int.from_bytes(number, "big")
