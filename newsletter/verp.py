"""Whose bounce it is, told by the address that it comes back to.

Every message has an envelope sender of its own: ``bounces+<token>@news.example.org``, where
BOUNCE_ADDRESS is ``bounces@news.example.org``. The token is the delivery's number and a
signature over it, so that nobody can make up a bounce for somebody else. It is in base32,
because servers may fold a local part to lower case on the way.
"""

from __future__ import annotations

import base64
import binascii

from django.conf import settings

from subscribers.tokens import MAC_BYTES, MAX_ID_BYTES, is_ours, sign

SEPARATOR = "+"


def sender_of(delivery_id: int) -> str:
    """Return a message's envelope sender; empty where there is no BOUNCE_ADDRESS."""
    if not settings.BOUNCE_ADDRESS:
        return ""
    local, _, domain = settings.BOUNCE_ADDRESS.rpartition("@")
    return f"{local}{SEPARATOR}{token_of(delivery_id)}@{domain}"


def token_of(delivery_id: int) -> str:
    """Return a delivery's token: at most 39 characters out of a-z and 2-7."""
    number = delivery_id.to_bytes((delivery_id.bit_length() + 7) // 8 or 1, "big")
    return spelled(number + sign(message_of(number)))


def spelled(signed: bytes) -> str:
    return base64.b32encode(signed).decode().rstrip("=").lower()


def message_of(number: bytes) -> bytes:
    return b"broadsheet.bounce." + number


def delivery_in(address: str) -> int | None:
    """Return the number of the delivery that we sent from an address; None for any other.

    The domain is not looked at: a server may have rewritten it, and the token is proof.
    """
    token = address.rpartition("@")[0].rpartition(SEPARATOR)[2].lower()
    try:
        signed = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    except (binascii.Error, ValueError):
        return None
    number, signature = signed[:-MAC_BYTES], signed[-MAC_BYTES:]
    if not 1 <= len(number) <= MAX_ID_BYTES or spelled(signed) != token:
        return None
    return int.from_bytes(number, "big") if is_ours(message_of(number), signature) else None
