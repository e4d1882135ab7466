"""What reports make of a delivery's state. Pure.

Reports come late, twice and in any order, so the strongest one decides, whenever it comes. A
report that says what became of a message also proves that a server took it, whatever we
believed: the row of a worker that died, or of a database that was restored from a backup,
moves out of the queue by it and is not sent a second time.
"""

from collections.abc import Collection

from newsletter.models import DeliveryEvent
from newsletter.states import DeliveryState

Kind = DeliveryEvent.Kind

# The strongest first. What is not listed changes nothing.
VERDICTS: dict[Kind, dict[DeliveryState, DeliveryState]] = {
    Kind.COMPLAINED: dict.fromkeys(DeliveryState, DeliveryState.COMPLAINED),
    Kind.BOUNCED: dict.fromkeys(DeliveryState, DeliveryState.BOUNCED),
    Kind.DELIVERED: dict.fromkeys(DeliveryState, DeliveryState.DELIVERED),
    # A provider took the call and then sent nothing.
    Kind.REJECTED: {
        DeliveryState.SENDING: DeliveryState.FAILED,
        DeliveryState.AMBIGUOUS: DeliveryState.FAILED,
        DeliveryState.SENT: DeliveryState.BOUNCED,
    },
}
STRENGTH = list(VERDICTS)


def next_state(state: DeliveryState, kind: Kind, before: Collection[Kind]) -> DeliveryState:
    """Return the state after a report, given the kinds of all those that came before it."""
    if kind not in VERDICTS:
        return state
    stronger = STRENGTH[: STRENGTH.index(kind)]
    if any(other in before for other in stronger):
        return state
    return VERDICTS[kind].get(state, state)
