"""What an attempt's outcome means for its row: the next state, and when it is tried again."""

import random
from datetime import UTC, datetime, timedelta

from newsletter.ledger import REASON_LENGTH, Result
from newsletter.states import DeliveryState
from newsletter.transport import Outcome, Verdict

# Minutes before the next attempt: greylisting ends within the first, an outage within the last.
RETRY_MINUTES = (1, 5, 15, 60, 180)
MAX_ATTEMPTS = len(RETRY_MINUTES) + 1
RETRY_SPREAD = 0.2
# A server that could not be reached, or asked for time without a figure, is left alone.
REST = timedelta(minutes=1)
# How the reason of a row begins that was refused: for our sake, or for its recipient's.
REFUSED = "refused: "
REFUSED_RECIPIENT = "recipient refused: "
# How the reason of a row begins whose deadline went by before anything was sent of it.
MISSED = "missed: "
IN_UTC = "%Y-%m-%d %H:%M UTC"


def result_of(
    outcome: Outcome, *, attempts: int, now: datetime, deadline: datetime | None = None
) -> Result:
    """Turn what is known about a message into its row's next state.

    A server that could not be reached at all does not count as an attempt at the message. One
    that would have to be tried again after its ``deadline`` is given up.
    """
    reply = outcome.reply[:REASON_LENGTH]
    match outcome.verdict:
        case Verdict.ACCEPTED:
            return Result(DeliveryState.SENT, reply=reply)
        case Verdict.REFUSED:
            why = REFUSED_RECIPIENT if outcome.about_recipient else REFUSED
            return Result(DeliveryState.FAILED, reason=f"{why}{reply}"[:REASON_LENGTH])
        case Verdict.DOUBTFUL:
            return Result(DeliveryState.AMBIGUOUS, reason=reply)
        case Verdict.HALTED:
            return Result(DeliveryState.PENDING, reason=reply, due_at=now, tried=False)
    if outcome.never_began:
        rest = rest_after(outcome)
        return Result(DeliveryState.PENDING, reason=reply, due_at=now + rest, tried=False)
    if attempts >= MAX_ATTEMPTS:
        reason = f"given up after {attempts} attempts: {reply}"[:REASON_LENGTH]
        return Result(DeliveryState.FAILED, reason=reason)
    due_at = now + retry_delay(attempts, outcome.retry_after)
    if deadline is not None and due_at > deadline:
        reason = f"given up: it may not be sent after {in_utc(deadline)}: {reply}"
        return Result(DeliveryState.FAILED, reason=reason[:REASON_LENGTH])
    return Result(DeliveryState.PENDING, reason=reply, due_at=due_at)


def missed(deadline: datetime, before: str = "") -> str:
    """Return the reason of a row that was not begun in time; ``before`` is why it waited."""
    reason = f"{MISSED}not begun by {in_utc(deadline)}"
    return f"{reason}; {before}"[:REASON_LENGTH] if before else reason


def in_utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime(IN_UTC)


def retry_delay(attempts: int, retry_after: int | None) -> timedelta:
    """Return the wait before the next attempt: what the server asked for, or ours.

    Spread by a fifth, so that rows which failed together do not come back together.
    """
    if retry_after is not None:
        return timedelta(seconds=retry_after)
    spread = random.uniform(1 - RETRY_SPREAD, 1 + RETRY_SPREAD)  # noqa: S311  no secret
    return timedelta(minutes=RETRY_MINUTES[attempts - 1] * spread)


def rest_after(outcome: Outcome) -> timedelta:
    """Return for how long the server is left alone: at least REST."""
    return max(REST, timedelta(seconds=outcome.retry_after or 0))
