"""The protocol of the ledger: claim, intent, result, release, sweep. No network in here.

A worker claims rows for two minutes, and commits its intent before a message's first byte
leaves. What it then learns it writes with the same token. A row whose worker died is
returned to the queue if no intent was committed, and is doubtful if one was.
Leases are counted by the database's clock, which all workers share.
"""

from newsletter.ledger.claims import (
    CLAIM_SIZE,
    PUT_OFF,
    Claim,
    Scope,
    claim,
    next_turn,
    pinned,
    put_off,
    release,
)
from newsletter.ledger.moves import REASON_LENGTH, Result, fail_claimed, intend, settle, skip
from newsletter.ledger.sweeping import Swept, sweep
from newsletter.ledger.syncing import NotOnDisk
from newsletter.ledger.waiting import writing

__all__ = [
    "CLAIM_SIZE",
    "PUT_OFF",
    "REASON_LENGTH",
    "Claim",
    "NotOnDisk",
    "Result",
    "Scope",
    "Swept",
    "claim",
    "fail_claimed",
    "intend",
    "next_turn",
    "pinned",
    "put_off",
    "release",
    "settle",
    "skip",
    "sweep",
    "writing",
]
