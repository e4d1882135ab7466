"""The states of issues and deliveries, and every move between them. Pure."""

from enum import StrEnum


class IssueState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


class DeliveryState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    AMBIGUOUS = "ambiguous"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class SkipReason(StrEnum):
    FILTER_EMPTY = "filter_empty"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    PAUSED = "paused"


ISSUE_MOVES: dict[IssueState, frozenset[IssueState]] = {
    IssueState.DRAFT: frozenset({IssueState.APPROVED, IssueState.CANCELLED}),
    IssueState.APPROVED: frozenset({IssueState.DRAFT, IssueState.SENDING, IssueState.CANCELLED}),
    IssueState.SENDING: frozenset({IssueState.PAUSED, IssueState.SENT, IssueState.CANCELLED}),
    IssueState.PAUSED: frozenset({IssueState.SENDING, IssueState.CANCELLED}),
    IssueState.SENT: frozenset(),
    IssueState.CANCELLED: frozenset(),
}

# What workers, the janitor and operators do. A report of what became of a message moves its
# row from wherever it is (newsletter.tracking.verdicts).
DELIVERY_MOVES: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.PENDING: frozenset({DeliveryState.CLAIMED, DeliveryState.CANCELLED}),
    DeliveryState.CLAIMED: frozenset(
        {
            DeliveryState.SENDING,
            DeliveryState.SKIPPED,
            DeliveryState.FAILED,  # claimed too often, or cannot be composed
            DeliveryState.PENDING,  # its lease ran out before anything was sent
            DeliveryState.CANCELLED,
        }
    ),
    DeliveryState.SENDING: frozenset(
        {
            DeliveryState.SENT,
            DeliveryState.FAILED,
            DeliveryState.PENDING,  # proven not sent: tried again later
            DeliveryState.CANCELLED,  # proven not sent, and the issue is closed
            DeliveryState.AMBIGUOUS,
        }
    ),
    # A late worker or the operator settles a doubtful message.
    DeliveryState.AMBIGUOUS: frozenset(
        {
            DeliveryState.SENT,
            DeliveryState.FAILED,
            DeliveryState.PENDING,
            DeliveryState.CANCELLED,
        }
    ),
    DeliveryState.SENT: frozenset(
        {DeliveryState.DELIVERED, DeliveryState.BOUNCED, DeliveryState.COMPLAINED}
    ),
    DeliveryState.DELIVERED: frozenset({DeliveryState.BOUNCED, DeliveryState.COMPLAINED}),
    # A provider that first said "rejected" may say "delivered" afterwards.
    DeliveryState.BOUNCED: frozenset({DeliveryState.DELIVERED, DeliveryState.COMPLAINED}),
    DeliveryState.COMPLAINED: frozenset(),
    DeliveryState.FAILED: frozenset({DeliveryState.PENDING}),
    DeliveryState.SKIPPED: frozenset(),
    DeliveryState.CANCELLED: frozenset(),
}

# These still wait for something: a due time, a worker, an answer.
OPEN = frozenset({DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.SENDING})
LEASED = frozenset({DeliveryState.CLAIMED, DeliveryState.SENDING})
# The server took these; what came back later does not change that.
ACCEPTED = frozenset(
    {
        DeliveryState.SENT,
        DeliveryState.DELIVERED,
        DeliveryState.BOUNCED,
        DeliveryState.COMPLAINED,
    }
)

# Somebody has these messages, or may have them.
OUT = ACCEPTED | {DeliveryState.SENDING, DeliveryState.AMBIGUOUS}


class WrongState(Exception):
    """What was asked for does not fit the state that the issue is in by now."""

    def __init__(self, slug: str, state: str, wanted: str) -> None:
        super().__init__(
            f"{slug} is {state} and cannot become {wanted}. "
            "Somebody may have been quicker: reload and look again."
        )
        self.state = state
        self.wanted = wanted


def deliveries_before(new: DeliveryState) -> frozenset[DeliveryState]:
    """Return the states from which a delivery may become ``new``."""
    return frozenset(old for old, moves in DELIVERY_MOVES.items() if new in moves)


def issues_before(new: IssueState) -> frozenset[IssueState]:
    """Return the states from which an issue may become ``new``."""
    return frozenset(old for old, moves in ISSUE_MOVES.items() if new in moves)
