"""Signed tokens in links: who a link is for, and the one thing that it may do.

A token is one letter for its purpose, then a payload and the first 128 bits of an
HMAC-SHA256 over purpose and payload, in base64url. The payload is a number (the reader's, but
for two purposes) and, once the reader has moved, before it how often. A token is made anew
from the key, so nothing is stored; its signature is good while its key is SECRET_KEY or one
of its fallbacks.
"""

import base64
import binascii
import hashlib
import hmac
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings

# NIST SP 800-107 §5.1 lets an HMAC be cut to 128 bits; fewer could be guessed.
MAC_BYTES = 16
# Eight bytes hold every BigAutoField.
MAX_ID_BYTES = 8
# A number never begins with a zero byte, so this one says that an epoch stands before it.
EPOCH_MARK = b"\0"
# Who changes the address three times a day gets there after 59 years.
EPOCH_BYTES = 2
# The present key and the former ones.
KEYS_KEPT = 8
MAX_PAYLOAD_BYTES = len(EPOCH_MARK) + EPOCH_BYTES + MAX_ID_BYTES


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

    @property
    def ends_with_address(self) -> bool:
        """Tell whether its links open nothing more once the reader's mail goes elsewhere.

        They lie in the former mailbox, whoever has that now. Leaving must stay possible from
        every mail for good, and a change of address looks itself whether it still counts.
        """
        return self not in (self.UNSUBSCRIBE_DAILY, self.UNSUBSCRIBE_WEEKLY, self.ADDRESS)


class BadToken(ValueError):
    """The token was not made by us, or for something else."""


class OutdatedToken(BadToken):
    """The token was ours and the reader's, until the reader's address changed."""


class Token(NamedTuple):
    """What a token of ours says: whose it is, and after how many moves it was made."""

    number: int
    epoch: int


# A message has four tokens or five, and to make ready a key takes longer than to use it.
@lru_cache(maxsize=KEYS_KEPT)
def keyed(key: str) -> hmac.HMAC:
    return hmac.new(key.encode(), digestmod=hashlib.sha256)


def mac(key: str, message: bytes) -> bytes:
    signing = keyed(key).copy()
    signing.update(message)
    return signing.digest()[:MAC_BYTES]


def sign(message: bytes) -> bytes:
    """Return MAC_BYTES that only we can make of a message; it begins with what it is for."""
    return mac(settings.SECRET_KEY, message)


def is_ours(message: bytes, signature: bytes) -> bool:
    """Tell whether we signed this message, with the present key or one of its fallbacks."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    # Every key is tried, so that the time does not tell which one matched.
    return bool(sum(hmac.compare_digest(signature, mac(key, message)) for key in keys))


def message_of(purpose: Purpose, payload: bytes) -> bytes:
    return b"broadsheet.token." + purpose.value.encode() + b"." + payload


def make_token(purpose: Purpose, pk: int, epoch: int = 0) -> str:
    """Return the token that lets a reader do one thing.

    ``epoch`` is how often the reader has moved. The token has at most 33 characters, for
    numbers of up to five bytes whatever the epoch.
    """
    payload = payload_of(pk, epoch)
    return purpose.value + spelled(payload + sign(message_of(purpose, payload)))


def payload_of(pk: int, epoch: int) -> bytes:
    number = pk.to_bytes((pk.bit_length() + 7) // 8 or 1, "big")
    # Without an epoch nothing changes: links in mails of long ago read like this.
    return EPOCH_MARK + epoch.to_bytes(EPOCH_BYTES, "big") + number if epoch else number


def taken_apart(payload: bytes) -> Token:
    """Return what stands in a payload that we made."""
    start = len(EPOCH_MARK) + EPOCH_BYTES
    if len(payload) <= start or not payload.startswith(EPOCH_MARK):
        return Token(int.from_bytes(payload, "big"), epoch=0)
    epoch = payload[len(EPOCH_MARK) : start]
    return Token(int.from_bytes(payload[start:], "big"), int.from_bytes(epoch, "big"))


def spelled(signed: bytes) -> str:
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


def read_token(purpose: Purpose, token: str) -> Token:
    """Return what a token says; raise BadToken for anything but our token for this purpose.

    Whether its epoch is still the reader's is for ``personal.refuse_outdated`` to tell.
    """
    letter, encoded = token[:1], token[1:]
    try:
        signed = base64.b64decode(
            encoded.encode("ascii") + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True
        )
    except (ValueError, binascii.Error) as exc:
        raise BadToken("not a token") from exc
    payload, signature = signed[:-MAC_BYTES], signed[-MAC_BYTES:]
    # Base64 reads some texts alike; a token has one spelling, and so a page one address.
    is_for_this = letter == purpose.value and encoded == spelled(signed)
    if not is_for_this or not 1 <= len(payload) <= MAX_PAYLOAD_BYTES:
        raise BadToken("not a token for this")
    if not is_ours(message_of(purpose, payload), signature):
        raise BadToken("the signature is not ours")
    return taken_apart(payload)
