"""What is done to the house, and when: a plan that a seed repeats."""

import random
from dataclasses import dataclass
from enum import StrEnum

# Faults strike while there is something to lose: not before the house is busy, nor at its end.
FIRST_PERCENT = 2
LAST_PERCENT = 90
# With a pool of processes every fourth kill takes a worker with all of its children.
TREE_IN = 4
# And every twentieth takes all workers at once.
ALL_IN = 20


class Deed(StrEnum):
    KILL = "kill"  # kill -9 of the process
    KILL_TREE = "kill tree"  # kill -9 of a worker with all of its children
    KILL_ALL = "kill all"  # kill -9 of all workers
    FREEZE = "freeze"  # SIGSTOP beyond the lease, then SIGCONT
    STOP_DATABASE = "stop database"  # pg_ctl stop -m immediate, then start
    KILL_BROKER = "kill broker"  # kill -9, then start with nothing in it
    FLUSH_BROKER = "flush broker"  # FLUSHALL
    PAUSE_ISSUE = "pause issue"  # as an editor does, for a moment


class Moment(StrEnum):
    ENVELOPE = "envelope"  # the intent is committed, nothing of the message has left
    ANSWER = "answer"  # the server has said 250, the worker has not heard it
    ANY = "any"  # whatever is going on


@dataclass(frozen=True, slots=True)
class Fault:
    """A deed, done once the server has taken ``after`` messages."""

    after: int
    deed: Deed
    moment: Moment = Moment.ANY


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many faults of which sort; ``trees`` where workers have children."""

    kills: int = 0
    freezes: int = 0
    database_stops: int = 0
    broker_faults: int = 0
    pause: bool = False
    trees: bool = False


def plan(wanted: Wanted, *, messages: int, seed: int) -> tuple[Fault, ...]:
    """Spread the faults over the messages, in order; half of the kills strike at the answer."""
    deeds = [kill(number, trees=wanted.trees) for number in range(wanted.kills)]
    moments = list(Moment)
    deeds += [(Deed.FREEZE, moments[number % len(moments)]) for number in range(wanted.freezes)]
    deeds += [(Deed.STOP_DATABASE, Moment.ANY)] * wanted.database_stops
    deeds += [
        (Deed.FLUSH_BROKER if number % 2 else Deed.KILL_BROKER, Moment.ANY)
        for number in range(wanted.broker_faults)
    ]
    deeds += [(Deed.PAUSE_ISSUE, Moment.ANY)] * wanted.pause
    dice = random.Random(seed)  # noqa: S311  no secret
    dice.shuffle(deeds)
    first, last = (messages * percent // 100 for percent in (FIRST_PERCENT, LAST_PERCENT))
    after = sorted(dice.randint(first, last) for _ in deeds)
    return tuple(Fault(at, *deed) for at, deed in zip(after, deeds, strict=True))


def kill(number: int, *, trees: bool) -> tuple[Deed, Moment]:
    """Return the sort of the plan's kills by turns; every other one strikes at the answer."""
    moment = Moment.ANSWER if number % 2 == 0 else Moment.ANY
    if number % ALL_IN == ALL_IN - 1:
        return Deed.KILL_ALL, moment
    if trees and number // 2 % TREE_IN == 0:
        return Deed.KILL_TREE, moment
    return Deed.KILL, moment
