"""What is known about a message after an attempt."""

from dataclasses import dataclass
from enum import StrEnum

from newsletter.messages import quoted

# What the ledger's columns for words hold.
REPLY_LENGTH = 300


class Verdict(StrEnum):
    """What is known about a message after an attempt."""

    ACCEPTED = "accepted"  # the server took it
    LATER = "later"  # certainly not taken; may be tried again
    REFUSED = "refused"  # certainly not taken, and never will be
    HALTED = "halted"  # not taken, and no other message would be: an operator is needed
    DOUBTFUL = "doubtful"  # nobody here knows


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict with the server's words, as the ledger can keep them.

    ``unreachable`` says that the server itself cannot be used now, ``never_began`` that it
    heard nothing of this message, ``dropped`` that it ended the conversation;
    ``needs_operator`` that others would fare the same until somebody has helped;
    ``retry_after`` is in seconds, where a provider named it; ``about_recipient`` says that a
    refusal tells nothing of how others fare; ``no_such_address``, which is such a one, means:
    suppress the reader.
    """

    verdict: Verdict
    reply: str = ""
    unreachable: bool = False
    never_began: bool = False
    dropped: bool = False
    needs_operator: bool = False
    retry_after: int | None = None
    no_such_address: bool = False
    about_recipient: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "about_recipient", self.about_recipient or self.no_such_address)
        object.__setattr__(self, "reply", quoted(self.reply, REPLY_LENGTH))


def halted(reply: str) -> Outcome:
    """Return the outcome of what no message would get past until an operator has helped."""
    return Outcome(Verdict.HALTED, reply, unreachable=True, never_began=True, needs_operator=True)


def doubtful(reply: str, *, needs_operator: bool = False) -> Outcome:
    """Return the outcome of what nobody here knows.

    Who leaves us in doubt about one message would do so about the next, so it is left alone.
    """
    return Outcome(Verdict.DOUBTFUL, reply, unreachable=True, needs_operator=needs_operator)


def words(code: int, reply: bytes | str) -> str:
    """Return a server's reply as one line that fits the ledger."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return quoted(f"{code} {text}", REPLY_LENGTH)


def brief(exc: BaseException) -> str:
    """Return an exception as one line that fits the ledger."""
    name = type(exc).__name__
    try:
        return quoted(f"{name}: {exc}", REPLY_LENGTH)
    except Exception:  # Anymail's errors read the provider's answer anew to show themselves
        return name
