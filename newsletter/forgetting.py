"""Forgetting: what mail servers said of a reader's mails goes with the reader.

Servers answer in words of their own, and those may hold an address, a name, a reason to have
left. The books keep each row with its state and its times.
"""

from __future__ import annotations

import re

from newsletter.ledger.moves import ISSUE_CLOSED
from newsletter.models import Delivery, DeliveryEvent
from newsletter.states import DeliveryState

BLANK = "…"
# Reasons of ours that end in what a server, or a program that failed, said.
GOES_ON = re.compile(
    r"(refused|recipient refused|compose|missed|given up after [0-9]+ attempts|"
    rf"{ISSUE_CLOSED}): ",
    re.ASCII,
)
# Reasons that are ours to the end. Any other one may be a server's from its first word.
OURS = ("poison: ", "the worker died", "interrupted while")
# The words of a skip are a code, and those of a cancelled row are ours, or go on as above.
IN_OUR_WORDS = (DeliveryState.SKIPPED, DeliveryState.CANCELLED)


def unname(sender: object, *, subscriber_id: int, **kwargs: object) -> None:
    """Blank the words of others in a reader's rows: a receiver of ``forgotten``."""
    rows = Delivery.objects.filter(subscriber_id=subscriber_id)
    rows.exclude(reply="").update(reply="")
    for pk, state, reason in rows.exclude(reason="").values_list("pk", "state", "reason"):
        blanked = without_words(DeliveryState(state), reason)
        if blanked != reason:
            Delivery.objects.filter(pk=pk).update(reason=blanked)
    events = DeliveryEvent.objects.filter(delivery__subscriber_id=subscriber_id)
    events.exclude(kind=DeliveryEvent.Kind.SETTLED).update(detail="")


def without_words(state: DeliveryState, reason: str) -> str:
    """Return a reason without what a server said; a failed row's is never empty."""
    if goes_on := GOES_ON.match(reason):
        return f"{goes_on[1]}: {BLANK}"
    return reason if state in IN_OUR_WORDS or reason.startswith(OURS) else BLANK
