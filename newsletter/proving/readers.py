"""The made-up readers: what each chose, and what therefore must become of their message.

What must become of them is a table in here, so that it does not depend on what is proved.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

# What must become of a reader who is to get the issue, and of one who is not in its audience;
# all others are skipped, for the reason that stands in the ledger.
GETS = "gets"
OUTSIDE = "outside"
# Of those who get it, so many take everything, some sources, all but one.
OF_TWENTY = (11, 7, 2)
# A tenth as many again get nothing, for one reason or another.
ONE_IN = 10


class Kind(StrEnum):
    """What a reader is like."""

    EVERYTHING = "takes all sources"
    SOME = "takes one source"
    MUTING = "has muted one source"
    SILENT = "takes a source without a story"
    PAUSED = "wants nothing for now"
    SUPPRESSED = "was suppressed after the issue was planned"
    LEFT = "left after the issue was planned"
    WEEKLY = "takes the weekly alone"
    UNCONFIRMED = "never confirmed"


OUTCOMES = {
    Kind.EVERYTHING: GETS,
    Kind.SOME: GETS,
    Kind.MUTING: GETS,
    Kind.SILENT: "filter_empty",
    Kind.PAUSED: "paused",
    Kind.SUPPRESSED: "suppressed",
    Kind.LEFT: "unsubscribed",
    Kind.WEEKLY: OUTSIDE,
    Kind.UNCONFIRMED: OUTSIDE,
}
SERVED = (Kind.EVERYTHING, Kind.SOME, Kind.MUTING)
UNSERVED = tuple(kind for kind in Kind if kind not in SERVED)


@dataclass(frozen=True, slots=True)
class Reader:
    """A made-up reader; the address tells nothing but the number."""

    number: int
    kind: Kind

    @property
    def email(self) -> str:
        return f"reader{self.number}@example.com"

    @property
    def language(self) -> str:
        return "de" if self.number % 3 == 0 else "en"


def crowd(served: int, seed: int) -> Iterator[Reader]:
    """Yield readers of whom exactly ``served`` are to get the issue, the same for every seed."""
    pattern = [kind for kind, times in zip(SERVED, OF_TWENTY, strict=True) for _ in range(times)]
    kinds = [pattern[number % len(pattern)] for number in range(served)]
    kinds += [UNSERVED[number % len(UNSERVED)] for number in range(served // ONE_IN)]
    random.Random(seed).shuffle(kinds)  # noqa: S311  no secret
    for number, kind in enumerate(kinds):
        yield Reader(number, kind)


def expected(served: int, seed: int) -> dict[str, str]:
    """Return what must become of every reader, by address."""
    return {reader.email: OUTCOMES[reader.kind] for reader in crowd(served, seed)}
