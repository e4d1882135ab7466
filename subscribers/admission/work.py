"""Proof of work: a sum that costs a browser a second, and a program with a million addresses
eleven days. It needs no third party, no cookie and no picture puzzle.

The challenge is the form's stamp. A solution is a decimal number, the nonce, for which
SHA-256 over ``stamp:email:nonce`` begins with PROOF_OF_WORK_BITS zero bits; the address is
the one that is sent, blanks at its ends dropped and A to Z in lower case. ``static/proof.js``
finds it; so can any other program. A solution is worth something for its address alone, so
each address costs the work anew.
"""

import hashlib
import re
from typing import TypedDict

from django.conf import settings

from subscribers.admission.stamps import folded

# 22 bits, the most that can be asked for, take four million tries; no luck is this bad.
NONCE = re.compile(r"[0-9]{1,16}", re.ASCII)
DIGEST_BITS = hashlib.sha256().digest_size * 8


class Challenge(TypedDict):
    """What to solve: the stamp, and how many zero bits the digest has to begin with."""

    stamp: str
    bits: int


def challenge_for(stamp: str) -> Challenge | None:
    """Return what a form with this stamp asks for, or None where nothing is asked."""
    bits = settings.PROOF_OF_WORK_BITS
    return Challenge(stamp=stamp, bits=bits) if bits else None


def is_solved(stamp: str, email: str, solution: str, *, bits: int) -> bool:
    """Tell whether a solution is one; it costs one digest, whatever is sent."""
    if not NONCE.fullmatch(solution):
        return False
    digest = hashlib.sha256(
        b"%b:%b:%b" % (stamp.encode(errors="replace"), folded(email), solution.encode())
    )
    return int.from_bytes(digest.digest(), "big") >> (DIGEST_BITS - bits) == 0
