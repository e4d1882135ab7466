"""Routing: which mailer takes an issue's next messages, how many, and what if none can."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic, sleep
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured

from newsletter import heeding, ledger, mailers, rates
from newsletter.heeding import Line
from newsletter.ledger import Scope
from newsletter.mailers import Mailer
from newsletter.models import Delivery, Issue

# A round waits for an allowance that is refilled so soon; where it takes longer another mailer
# is asked, and else the next round.
SHORT_WAIT = timedelta(seconds=30)
# An operator may raise an allowance that is used up: it is asked again after so long.
LONGEST_REST = timedelta(minutes=5)
# Servers end a connection that is idle, some soon: it is ended before, and no message pays.
IDLE_SECONDS = 2.0
# Whoever waits looks so often whether it is to end.
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Route:
    """A line that is open, the number of messages that it may take now, and which ones."""

    line: Line
    allowed: int
    scope: Scope


class Routes:
    """The mailers of one worker's round, with the connections that it has to them."""

    def __init__(
        self, issue: Issue, clock: Callable[[], datetime], over: Callable[[], bool]
    ) -> None:
        self.issue = issue
        self.clock = clock
        self.over = over
        self.lines: dict[str, Line] = {}
        # Of this turn: mailers that took messages, and how long the others want to be waited for.
        self.open_names: set[str] = set()
        self.waits: dict[str, timedelta] = {}
        # Why nothing can be sent, where that is so.
        self.why = ""

    def open(self) -> Generator[Route, None, None]:
        """Yield routes in turn.

        What was not begun of their messages when the next one is asked for goes back to the
        mailer's allowance. A fallback takes what it may have already, and anything else only
        where nothing can go through the others soon.
        """
        self.waits, self.open_names = {}, set()
        now = self.clock()
        yield from self.through(mailers.usable(now), own=False)
        fallbacks = [mailer.name for mailer in mailers.configured() if not mailer.share]
        if not fallbacks:
            return
        if not self.open_names and all(wait > SHORT_WAIT for wait in self.waits.values()):
            yield from self.through(mailers.usable(now, fallbacks=True), own=False)
        elif ledger.pinned(self.issue.pk, now=now).intersection(fallbacks):
            yield from self.through(mailers.usable(now, fallbacks=True), own=True)

    def through(self, usable: Sequence[Mailer], *, own: bool) -> Generator[Route, None, None]:
        """Yield routes through mailers as their shares and their order have it."""
        for mailer in in_turn(usable):
            scope = Scope(own=mailer.name) if own else Scope(others=self.others(mailer))
            grant = rates.take(mailer, ledger.CLAIM_SIZE)
            begun = 0
            try:
                if not grant.granted:
                    self.waits[mailer.name] = grant.wait
                elif line := self.line_to(mailer):
                    self.open_names.add(mailer.name)
                    before = line.begun
                    try:
                        yield Route(line, grant.granted, scope)
                    finally:
                        begun = line.begun - before
            finally:
                rates.give_back(mailer, grant, grant.granted - begun)
                if not begun:
                    mailers.untried(mailer, now=self.clock())

    def line_to(self, mailer: Mailer) -> Line | None:
        """Return the connection to a mailer; None where it cannot be used as it is set."""
        line = self.lines.get(mailer.name)
        if line is None:
            try:
                line = Line(mailer, mailers.connection_of(mailer))
            except (ImproperlyConfigured, ImportError) as exc:
                # A backend that is not there, or lacks its key: nothing was claimed yet.
                reason = f"{mailer.backend} cannot be used: {exc}"
                if heeding.give_up(mailer, self.issue, reason, now=self.clock()):
                    self.why = reason
                return None
            self.lines[mailer.name] = line
        line.mailer, line.stopped = mailer, ""
        return line

    def others(self, mailer: Mailer) -> tuple[str, ...]:
        """Return the names of the other mailers, which may have messages of their own."""
        names = (other.name for other in mailers.configured())
        return tuple(name for name in names if name != mailer.name)

    def wait(self) -> bool:
        """Wait a short while for an allowance; False where that is no use, or would be long.

        Where nothing is open the issue rests until a mailer takes messages again, and ``why``
        says so.
        """
        now = self.clock()
        shortest = self.shortest_wait(now)
        if shortest is not None and shortest <= SHORT_WAIT:
            self.nap(max(shortest.total_seconds(), LOOK_SECONDS))
            return True
        if not self.open_names and not self.why:
            self.stand_still(now)
        return False

    def shortest_wait(self, now: datetime) -> timedelta | None:
        """Return how long until a row may leave: due then, or put off until then.

        None where no row may, as the issue stands and the mailers are.
        """
        configured = mailers.configured()
        if not self.waits and not any(mailer.by_domain for mailer in configured):
            return None
        asked = self.open_names.union(self.waits)
        resting = tuple(mailer.name for mailer in configured if mailer.name not in asked)
        turn = ledger.next_turn(self.issue.pk, now=now, scope=Scope(others=resting))
        if turn is None or not asked:
            return None
        return max(turn, min(self.waits.values(), default=turn))

    def stand_still(self, now: datetime) -> None:
        """Let the issue rest until a mailer takes messages again; paused, if help is needed."""
        ends = [now + min(wait, LONGEST_REST) for wait in self.waits.values()]
        earliest = mailers.earliest()
        if earliest is not None:
            ends.append(earliest)
        until = min(ends, default=None)
        if until is not None:
            heeding.rest(self.issue, until)
            self.why = f"no mailer takes messages before {until:%Y-%m-%d %H:%M:%S} UTC"
        elif mailers.none_left():
            self.why = "; ".join(mailers.in_need().values())
            heeding.pause_for_operator(self.issue, self.why, now)

    def put_off(self, token: UUID, line: Line, ids: Sequence[int]) -> tuple[int, ...]:
        """Give back rows whose mail domains take no message now, and return the others."""
        if not line.mailer.by_domain:
            return tuple(ids)
        rows = Delivery.objects.filter(pk__in=ids, subscriber__isnull=False)
        turns = rates.turns(
            line.mailer,
            {
                pk: rates.Waiting(address.rpartition("@")[2], put_off=reason == ledger.PUT_OFF)
                for pk, address, reason in rows.values_list("pk", "subscriber__email", "reason")
            },
        )
        ledger.put_off(token, turns)
        if turns and min(turns.values()) <= self.clock():
            # With a database whose clock is behind ours this would be done again at once.
            self.nap(LOOK_SECONDS)
        return tuple(pk for pk in ids if pk not in turns)

    def nap(self, seconds: float) -> None:
        if seconds > IDLE_SECONDS:
            self.hang_up()
        end = monotonic() + seconds
        while not self.over() and (left := end - monotonic()) > 0:
            sleep(min(left, LOOK_SECONDS))

    def hang_up(self) -> None:
        for line in self.lines.values():
            line.hang_up()


def in_turn(usable: Sequence[Mailer]) -> Iterator[Mailer]:
    """Yield mailers as their shares and their order have it, each once."""
    left = list(usable)
    while left:
        mailer = mailers.pick(left)
        left.remove(mailer)
        yield mailer
