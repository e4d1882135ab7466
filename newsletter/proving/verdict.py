"""The verdict: what the mail server took against what the ledger says. Pure.

Lost is whoever should have a message of which neither the server knows nor the ledger that it
is doubtful; a message that failed is lost too, for nothing in the house refuses one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from newsletter.proving.readers import GETS, OUTSIDE
from newsletter.states import ACCEPTED, OPEN, DeliveryState


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the ledger: its Message-ID's left side, its reader, what became of it."""

    uid: str
    reader: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the server took, and when, in seconds of this machine's clock."""

    at: float
    uid: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What was done to the house, and how it fared otherwise.

    ``allowed`` is how many messages may have been under way when faults struck: more of them
    must not be doubtful.
    """

    faults: int
    planned: int
    allowed: int
    seconds: float
    imbalances: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Doubtful rows before and after the server's list was read as events, and untrue ones."""

    before: int
    after: int
    untrue: int

    @property
    def faults_found(self) -> list[str]:
        """Say in sentences what must not be after reconciliation."""
        told = [
            (self.after, "rows still doubtful after the server's list was read."),
            (self.untrue, "rows untrue after the server's list was read."),
        ]
        return [f"{number:,} {what}" for number, what in told if number]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the comparison found. Counts of readers or messages; all but the first may be 0."""

    accepted: int
    sent: int
    lost: int
    twice: int
    uninvited: int
    untrue: int
    misjudged: int
    ambiguous: int
    waiting: int
    rate: float
    circumstances: Circumstances

    @property
    def faults_found(self) -> list[str]:
        """Say in sentences what must not be; empty where the promise was kept."""
        after = self.circumstances
        told = [
            (self.lost, "lost: no message for them, and none that is doubtful."),
            (self.twice, "twice: more messages than readers."),
            (self.uninvited, "messages to readers who should have none."),
            (self.untrue, "rows that say sent, failed or waiting where the server knows better."),
            (self.misjudged, "readers without a row, with one too many, or with a wrong reason."),
            (self.waiting, "rows that wait for ever."),
            (
                max(0, self.ambiguous - after.allowed),
                f"doubtful rows more than the {after.allowed} that the faults explain.",
            ),
            (after.planned - after.faults, "faults never struck: nothing is proved."),
        ]
        return [*(f"{number:,} {what}" for number, what in told if number), *after.imbalances]

    @property
    def kept(self) -> bool:
        """Tell whether the promise was kept."""
        return not self.faults_found


def judge(
    expected: Mapping[str, str],
    rows: Iterable[Row],
    taken: Iterable[Taken],
    circumstances: Circumstances,
) -> Verdict:
    """Compare what must have become of every reader with the ledger and the server's list."""
    ledger = {row.uid: row for row in rows}
    by_reader = {row.reader: row for row in ledger.values()}
    messages = list(taken)
    copies = Counter(message.recipient for message in messages)
    uids = Counter(message.uid for message in messages)
    states = Counter(row.state for row in ledger.values())
    return Verdict(
        accepted=len(messages),
        sent=sum(states[state] for state in ACCEPTED),
        lost=sum(
            not copies[reader] and not doubtful(by_reader.get(reader))
            for reader, outcome in expected.items()
            if outcome == GETS
        ),
        twice=sum(number - 1 for number in copies.values()),
        uninvited=sum(not invited(message, expected, ledger) for message in messages),
        untrue=untrue_rows(ledger.values(), set(uids)),
        misjudged=len(ledger)
        - len(by_reader)
        + sum(row.reader not in expected for row in ledger.values())
        + sum(misjudged(outcome, by_reader.get(reader)) for reader, outcome in expected.items()),
        ambiguous=states[DeliveryState.AMBIGUOUS],
        waiting=sum(states[state] for state in OPEN),
        rate=rate_of(messages),
        circumstances=circumstances,
    )


def doubtful(row: Row | None) -> bool:
    return row is not None and row.state == DeliveryState.AMBIGUOUS


def invited(message: Taken, expected: Mapping[str, str], ledger: Mapping[str, Row]) -> bool:
    """Tell whether a message went to a reader who was to get it, and was that reader's own."""
    row = ledger.get(message.uid)
    return (
        expected.get(message.recipient) == GETS
        and row is not None
        and row.reader == message.recipient
    )


def untrue_rows(rows: Iterable[Row], taken: Set[str]) -> int:
    """Count the rows that the server's list contradicts."""
    return sum(is_untrue(row, took=row.uid in taken) for row in rows)


def is_untrue(row: Row, *, took: bool) -> bool:
    """Tell whether a row says what the server's list contradicts; a doubtful one says nothing."""
    if row.state == DeliveryState.AMBIGUOUS:
        return False
    return took != (row.state in ACCEPTED)


def misjudged(outcome: str, row: Row | None) -> bool:
    """Tell whether a reader is in the ledger under another name than they should be."""
    if outcome == OUTSIDE or row is None:
        return (outcome == OUTSIDE) != (row is None)
    if outcome == GETS:
        return row.state == DeliveryState.SKIPPED
    return (row.state, row.reason) != (DeliveryState.SKIPPED, outcome)


def rate_of(messages: list[Taken]) -> float:
    """Return messages a second between the first and the last, or 0 where there are too few."""
    if len(messages) < 2:
        return 0.0
    return (len(messages) - 1) / max(messages[-1].at - messages[0].at, 1e-6)


def table(verdict: Verdict) -> list[str]:
    """Return the verdict as the lines of a table."""
    after = verdict.circumstances
    numbers = [
        ("accepted by the server", verdict.accepted),
        ("sent", verdict.sent),
        ("lost", verdict.lost),
        ("twice", verdict.twice),
        ("to the wrong readers", verdict.uninvited),
        ("untrue rows", verdict.untrue),
        ("readers misjudged", verdict.misjudged),
        ("ambiguous", verdict.ambiguous),
        ("  faults explain up to", after.allowed),
        ("waiting", verdict.waiting),
    ]
    rows = [(name, f"{number:,}") for name, number in numbers]
    rows += [
        ("faults", f"{after.faults:,} of {after.planned:,}"),
        ("books balanced", "NO" if after.imbalances else "yes"),
        ("seconds", f"{after.seconds:,.1f}"),
        ("messages/s", f"{verdict.rate:,.0f}"),
    ]
    return [line(row) for row in rows]


def line(row: tuple[str, str]) -> str:
    """Return a name and a value as a line of the table."""
    name, value = row
    return f"  {name:<26}{value:>12}"
