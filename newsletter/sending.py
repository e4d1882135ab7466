"""Sending: due rows of an issue become messages, one at a time, by the ledger's protocol."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic

from django.conf import settings
from django.utils import timezone

from newsletter import heeding, ledger, refusals
from newsletter.deciding import Intent, decide
from newsletter.editions import Edition, edition_of
from newsletter.heeding import Line
from newsletter.ledger import Claim, Result
from newsletter.models import Issue
from newsletter.retrying import result_of
from newsletter.routing import Routes
from newsletter.states import DeliveryState
from newsletter.transport import post, takes_wire

log = logging.getLogger(__name__)

# Some servers limit the messages of a connection; a fresh one costs little.
MESSAGES_A_CONNECTION = 100
# Half of what a lease has to spare (SECONDS_TO_SPARE) goes by at the most before a message is
# begun; the rest is for writing down what became of it.
BEGIN_SECONDS = settings.SECONDS_TO_SPARE / 2
# No other message of a window is begun later after its intent; a pause shall be heeded within
# twice as much.
WINDOW_SECONDS = 0.5
# The least that a window takes; what was skipped takes none.
A_MOMENT = 0.001

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Drained:
    """How a round went: rows by what became of them, and why it ended early if it did.

    ``cut_off`` says that it was told to stop, or that its time was up, with more to do.
    """

    sent: int = 0
    skipped: int = 0
    failed: int = 0
    retried: int = 0
    doubtful: int = 0
    halted: str = ""
    cut_off: bool = False

    @property
    def rows(self) -> int:
        return self.sent + self.skipped + self.failed + self.retried + self.doubtful

    def count(self, state: DeliveryState) -> None:
        """Count a settled row."""
        match state:
            case DeliveryState.SENT:
                self.sent += 1
            case DeliveryState.FAILED:
                self.failed += 1
            case DeliveryState.PENDING:
                self.retried += 1
            case _:
                self.doubtful += 1


INTERRUPTED = Result(DeliveryState.AMBIGUOUS, reason="interrupted while it was sending")
NOT_BEGUN = "the round ended before its turn"
MANY_REFUSED = "Too many of its messages were refused. Look at the deliveries before you resume."


def drain(
    issue_id: int,
    *,
    clock: Clock = timezone.now,
    seconds: float | None = None,
    stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Drained], None] = lambda done: None,
) -> Drained:
    """Send what is due of an issue until nothing is, ``stop()``, or ``seconds`` have passed.

    Any number of workers may do this at once, and again: a row is claimed by one, and no row
    is sent twice. Servers' errors end up in the ledger, never as exceptions.
    """
    end = monotonic() + (settings.DRAIN_SECONDS if seconds is None else seconds)
    issue = Issue.objects.get(pk=issue_id)
    return Drain(issue, clock, lambda: stop() or monotonic() > end, on_progress).run()


class Drain:
    """One worker's round over the due rows of one issue."""

    def __init__(
        self,
        issue: Issue,
        clock: Clock,
        stop: Callable[[], bool],
        on_progress: Callable[[Drained], None],
    ) -> None:
        self.issue = issue
        self.clock = clock
        self.stop = stop
        self.on_progress = on_progress
        self.done = Drained()
        self.routes = Routes(issue, clock, lambda: self.over)
        self.unsettled: dict[int, Result] = {}
        # So many intents share the next commit, which was begun then.
        self.window = 1
        self.intended_at = 0.0

    def run(self) -> Drained:
        """Claim and work off until nothing is due, or somebody says stop."""
        try:
            while not self.over:
                if not self.turn():
                    break
            else:
                self.done.cut_off = not self.done.halted
        finally:
            self.routes.hang_up()
        return self.done

    @property
    def over(self) -> bool:
        return bool(self.done.halted) or self.stop()

    def turn(self) -> bool:
        """Send a claim through the mailer whose turn it is; False where nothing is left to do."""
        with closing(self.routes.open()) as routes:
            for route in routes:
                claim = ledger.claim(
                    self.issue.pk, now=self.clock(), size=route.allowed, scope=route.scope
                )
                if claim.delivery_ids:
                    self.serve(claim, route.line)
                    return True
        goes_on = self.routes.wait()
        self.done.halted = self.done.halted or self.routes.why
        return goes_on

    def serve(self, claim: Claim, line: Line) -> None:
        """Work off a claim, and stop where too much of the issue was refused by then."""
        refused, recipients = line.refused, line.refused_recipients
        self.work_off(claim, line)
        fresh, of_recipients = line.refused - refused, line.refused_recipients - recipients
        if not self.done.halted and refusals.is_storm(
            self.issue.pk, fresh=fresh, of_recipients=of_recipients
        ):
            self.done.halted = MANY_REFUSED
            heeding.pause_for_operator(self.issue, MANY_REFUSED, self.clock())

    def work_off(self, claim: Claim, line: Line) -> None:
        """Send what a claim holds; what is left when we must stop goes back to the queue."""
        try:
            waiting = self.routes.put_off(claim.token, line, claim.delivery_ids)
            edition = edition_of(self.issue)
            while waiting and not self.over and not line.stopped:
                window, waiting = waiting[: self.window], waiting[self.window :]
                self.send(self.committed(window, claim, edition, line), line)
        finally:
            with ledger.writing():
                self.settle(claim)
                ledger.release(claim.token)
            self.unsettled.clear()

    def committed(
        self, window: Sequence[int], claim: Claim, edition: Edition, line: Line
    ) -> list[Intent]:
        """Write the last results, and return the next intents once they are committed.

        One commit for both: a trial sent a quarter more messages a second than with two.
        """
        intents: list[Intent] = []
        try:
            with ledger.writing():
                self.settle(claim)
                self.intended_at = monotonic()
                intents += self.intents_of(window, claim, edition, line)
        except ledger.NotOnDisk:
            # Nothing of them leaves, and nobody has to doubt it.
            self.unsettled = {intent.delivery_id: unsent(intent) for intent in intents}
            raise
        # Forgotten only now: had the transaction failed, they would be written again.
        self.unsettled.clear()
        return intents

    def intents_of(
        self, window: Sequence[int], claim: Claim, edition: Edition, line: Line
    ) -> list[Intent]:
        """Record the intents of a window, and of whom nothing is sent, why."""
        wired = takes_wire(line.connection)
        decisions = [
            decide(pk, claim.token, edition, clock=self.clock, mailer=line.mailer.name, wired=wired)
            for pk in window
        ]
        intents = [decision for decision in decisions if isinstance(decision, Intent)]
        self.done.skipped += decisions.count(DeliveryState.SKIPPED)
        self.done.failed += decisions.count(DeliveryState.FAILED)
        if not intents:
            self.on_progress(self.done)
        return intents

    def send(self, intents: list[Intent], line: Line) -> None:
        """Send the messages of a window as long as nothing speaks against the next one.

        Of the others no octet has left, so their rows go back to the queue.
        """
        waiting = deque(intents)
        try:
            while waiting and self.may_begin(line, first=len(waiting) == len(intents)):
                self.attempt(waiting.popleft(), line)
                self.on_progress(self.done)
        finally:
            self.unsettled |= {intent.delivery_id: unsent(intent) for intent in waiting}
        self.pace(len(intents) - len(waiting))

    def may_begin(self, line: Line, *, first: bool) -> bool:
        """Tell whether a message whose intent is committed may still be begun.

        A worker that slept since then may not: it could not end before its lease does. Nor
        may, after WINDOW_SECONDS, any but the first, so that a pause or a reader's decision is
        soon seen.
        """
        if not first and (self.over or line.stopped):
            return False
        latest = min(BEGIN_SECONDS, settings.INTENT_LEASE_SECONDS) if first else WINDOW_SECONDS
        return monotonic() - self.intended_at < latest

    def pace(self, messages: int) -> None:
        """Make the next window as large as the server's speed and the setting allow."""
        fitting = messages * WINDOW_SECONDS / max(monotonic() - self.intended_at, A_MOMENT)
        self.window = max(1, min(settings.INTENTS_PER_COMMIT, int(fitting)))

    def attempt(self, intent: Intent, line: Line) -> None:
        """Put a message on the wire. Its intent is committed."""
        if line.on_connection >= MESSAGES_A_CONNECTION:
            line.hang_up()
        line.on_connection += 1
        line.begun += 1
        try:
            outcome = post(line.connection, intent.message)
        except BaseException:
            # Interrupted in the middle: what the server did with it, nobody here knows.
            self.unsettled[intent.delivery_id] = INTERRUPTED
            raise
        now = self.clock()
        result = result_of(outcome, attempts=intent.attempts, now=now, deadline=intent.deadline)
        result = replace(result, mailer=intent.pinned)
        others_may = outcome.unreachable and not intent.pinned and self.routes.others(line.mailer)
        if others_may and result.state == DeliveryState.PENDING:
            # For another mailer, whose turn it is now; this one's trouble is no attempt.
            result = replace(result, due_at=now, tried=False)
        self.unsettled[intent.delivery_id] = result
        self.done.count(result.state)
        if not heeding.heed(outcome, intent, line, self.issue, now=now):
            self.done.halted = line.stopped

    def settle(self, claim: Claim) -> None:
        """Write the results that wait to be written."""
        for delivery_id, result in self.unsettled.items():
            if not ledger.settle(delivery_id, claim.token, result):
                log.warning("delivery %s was settled by somebody else", delivery_id)


def unsent(intent: Intent) -> Result:
    """Return the result of a message that was intended and not begun: it is due as before."""
    return Result(
        DeliveryState.PENDING,
        reason=NOT_BEGUN,
        due_at=intent.due_at,
        tried=False,
        mailer=intent.pinned,
    )
