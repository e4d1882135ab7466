"""The soak: workers send, faults strike, until nothing waits any more."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, sleep

from newsletter.proving import processes
from newsletter.proving.crews import Crew
from newsletter.proving.faults import Deed, Fault, Moment
from newsletter.proving.house import FREEZE_SECONDS, House
from newsletter.states import OPEN

LOOK_SECONDS = 0.02
# A fault at any moment: so long at most after the message that it was planned for.
JITTER_SECONDS = 0.05
# How often the ledger is asked whether anything waits, once the server hears nothing new.
QUIET_SECONDS = 1.0
# Leases, sweeps and a restarted server take seconds; what takes longer stands still.
STUCK_SECONDS = 60.0


# Far longer than a pause may take to be seen.
PAUSE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Pause:
    """How many messages the server still took after an issue was paused, and until when."""

    messages: int
    seconds: float


@dataclass
class Record:
    """What was done to the house, as far as it happened."""

    struck: list[Deed] = field(default_factory=list)
    pause: Pause | None = None
    seconds: float = 0.0
    ended_well: bool = True


class Soak:
    """One run over one issue."""

    def __init__(
        self,
        house: House,
        crew: Crew,
        faults: tuple[Fault, ...],
        *,
        seed: int,
        on_progress: Callable[[int, int], None] = lambda taken, faults: None,
    ) -> None:
        self.house = house
        self.crew = crew
        self.waiting = deque(fault for fault in faults if fault.moment is Moment.ANY)
        self.dice = random.Random(seed)  # noqa: S311  no secret
        self.on_progress = on_progress
        self.record = Record()
        self.frozen: list[tuple[float, int]] = []
        self.taken = Tail(house.taken)
        self.struck_by_server = Tail(house.struck)

    def run(self) -> Record:
        """Send until nothing waits, or stands still; return what was done to the house."""
        began = heard = asked = monotonic()
        self.crew.start()
        try:
            while monotonic() - heard < STUCK_SECONDS:
                if self.look():
                    heard = asked = monotonic()
                elif monotonic() - asked > QUIET_SECONDS and not self.frozen:
                    asked = monotonic()
                    if self.nothing_waits():
                        break
                sleep(LOOK_SECONDS)
            self.record.seconds = monotonic() - began
            self.thaw(everybody=True)
            self.record.ended_well = self.crew.end()
        finally:
            self.crew.kill()
        self.read_struck()
        return self.record

    def look(self) -> bool:
        """Do what is to be done now; True where the mail server has heard something new."""
        new = self.taken.read()
        self.thaw()
        self.crew.revive()
        self.read_struck()
        if self.waiting and self.taken.lines >= self.waiting[0].after:
            self.strike(self.waiting[0])
        if new:
            self.on_progress(self.taken.lines, len(self.record.struck))
        return bool(new)

    def read_struck(self) -> None:
        for line in self.struck_by_server.read():
            self.record.struck.append(Deed[line.split()[0]])

    def strike(self, fault: Fault) -> None:
        """Do a fault's deed at a moment of chance; with nobody to do it to, the next look will."""
        sleep(self.dice.random() * JITTER_SECONDS)
        match fault.deed:
            case Deed.STOP_DATABASE:
                self.house.database.stop_and_start()
            case Deed.KILL_BROKER:
                self.house.broker.kill()
            case Deed.FLUSH_BROKER:
                self.house.broker.flush()
            case Deed.PAUSE_ISSUE:
                self.pause()
            case _ if not self.strike_workers(fault.deed):
                return
        self.waiting.popleft()
        self.record.struck.append(fault.deed)

    def strike_workers(self, deed: Deed) -> bool:
        """Strike one of the workers, or all; False where there is nobody at this moment."""
        victims = self.crew.victims(deed)
        if victims and deed is not Deed.KILL_ALL:
            victims = [self.dice.choice(victims)]
        for victim in victims:
            processes.do(deed, victim)
            if deed is Deed.FREEZE:
                self.frozen.append((monotonic() + FREEZE_SECONDS, victim))
        return bool(victims)

    def pause(self) -> None:
        """Pause the issue, watch who still sends, and resume it."""
        began = self.house.ask("pause")
        sleep(PAUSE_SECONDS)
        late = [at for at in map(moment_of, self.taken.read()) if at > began]
        self.record.pause = Pause(len(late), max(late, default=began) - began)
        self.house.ask("resume")

    def thaw(self, *, everybody: bool = False) -> None:
        for moment, pid in list(self.frozen):
            if everybody or monotonic() >= moment:
                processes.thaw(pid)
                self.frozen.remove((moment, pid))

    def nothing_waits(self) -> bool:
        tally = self.house.ask("tally")
        return not any(tally.get(state, 0) for state in OPEN)


class Tail:
    """Reads the new lines of a file that grows."""

    def __init__(self, path: object) -> None:
        self.file = open(str(path), encoding="utf-8")  # noqa: SIM115  read until the end
        self.lines = 0
        self.half = ""

    def read(self) -> list[str]:
        *lines, self.half = (self.half + self.file.read()).split("\n")
        self.lines += len(lines)
        return lines


def moment_of(line: str) -> float:
    return float(line.split()[0])


def may_be_doubtful(struck: list[Deed], crew: Crew, *, window: int) -> int:
    """Return how many messages at most were under way when the faults struck."""
    hands = {
        Deed.KILL: crew.hands,
        Deed.KILL_TREE: crew.hands_of_tree,
        Deed.KILL_ALL: crew.hands_of_all,
        Deed.FREEZE: crew.hands,
        Deed.STOP_DATABASE: crew.hands_of_all,
    }
    return window * sum(hands.get(deed, 0) for deed in struck)
