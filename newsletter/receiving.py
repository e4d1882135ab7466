"""An issue as one reader received it: the very stories that stood in that mail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import compress

from newsletter.content import IssueContent, StoryContent
from newsletter.models import Delivery
from newsletter.states import ACCEPTED, DeliveryState

# In whose mailbox a mail may be. A doubtful one may have arrived, and so may one of which the
# server's answer is still on its way: whoever opens its link has it.
ARRIVED = ACCEPTED | {DeliveryState.AMBIGUOUS, DeliveryState.SENDING}


@dataclass(frozen=True, slots=True)
class Received:
    """What stood in a mail, and the stories of its issue that did not."""

    content: IssueContent
    left_out: tuple[StoryContent, ...]

    @property
    def shown(self) -> int:
        return len(self.content.stories)

    @property
    def total(self) -> int:
        return self.shown + len(self.left_out)


def received(delivery: Delivery) -> Received | None:
    """Return what a delivery's mail held, in its order.

    None where it is not known: nothing was sent, the reader was deleted, or the row is older
    than the record of what was shown.
    """
    if not may_be_read(delivery) or delivery.revision is None:
        return None
    content = IssueContent.from_json(delivery.revision.content)
    stood = bits(delivery.shown, len(content.stories))
    return Received(
        content=replace(content, stories=tuple(compress(content.stories, stood))),
        left_out=tuple(compress(content.stories, (not bit for bit in stood))),
    )


def may_be_read(delivery: Delivery) -> bool:
    """Tell whether there is a mail that its reader may see again."""
    arrived = delivery.state in ARRIVED and bool(delivery.shown)
    return arrived and delivery.subscriber_id is not None and delivery.revision_id is not None


def bits(shown: str, count: int) -> list[bool]:
    """Return the first ``count`` bits of a row's hexadecimal number, the lowest first."""
    number = int(shown, 16) if shown else 0
    return [bool(number >> place & 1) for place in range(count)]
