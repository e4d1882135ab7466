"""Sending: due rows of an issue become messages, one at a time, by the ledger's protocol."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from django.db import transaction
from django.utils import timezone

from newsletter import ledger
from newsletter.deciding import Intent, decide
from newsletter.editions import Edition, edition_of
from newsletter.ledger import Claim, Result
from newsletter.models import Issue
from newsletter.retrying import REST, rest_after, result_of
from newsletter.states import DeliveryState, IssueState, WrongState
from newsletter.transport import Outcome, Verdict, disconnect, post, takes_wire
from subscribers.models import Subscriber
from subscribers.suppression import suppress

log = logging.getLogger(__name__)

# Some servers limit the messages of a connection; a fresh one costs little.
MESSAGES_A_CONNECTION = 100
# So many refusals in a row are about us, not about the readers.
REFUSALS_IN_A_ROW = 20
# A server may end a conversation now and then; one that always does wants to be left alone.
DROPS_IN_A_ROW = 5
# No message is begun later after its intent; a pause shall be heeded within twice as much.
WINDOW_SECONDS = 0.5
# The least that a window takes; what was skipped takes none.
A_MOMENT = 0.001

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Drained:
    """How a round went: rows by what became of them, and why it ended early if it did."""

    sent: int = 0
    skipped: int = 0
    failed: int = 0
    retried: int = 0
    doubtful: int = 0
    halted: str = ""

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
    try:
        round_ = Drain(issue, clock, lambda: stop() or monotonic() > end, on_progress)
    except (ImproperlyConfigured, ImportError) as exc:
        # A backend that is not there, or lacks its key: nothing was claimed yet.
        pause_for_operator(issue, f"EMAIL_BACKEND cannot be used: {exc}", clock())
        return Drained(halted=str(exc))
    return round_.run()


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
        self.connection = get_connection()
        self.messages_on_connection = 0
        self.refusals_in_a_row = 0
        self.drops_in_a_row = 0
        self.unsettled: dict[int, Result] = {}
        # So many intents share the next commit, which was begun then.
        self.window = 1
        self.intended_at = 0.0

    def run(self) -> Drained:
        """Claim and work off until nothing is due, or somebody says stop."""
        try:
            while not self.over:
                claim = ledger.claim(self.issue.pk, now=self.clock())
                if not claim.delivery_ids:
                    break
                self.work_off(claim)
        finally:
            self.hang_up()
        return self.done

    @property
    def over(self) -> bool:
        return bool(self.done.halted) or self.stop()

    def work_off(self, claim: Claim) -> None:
        """Send what a claim holds; what is left when we must stop goes back to the queue."""
        waiting = claim.delivery_ids
        try:
            edition = edition_of(self.issue)
            while waiting and not self.over:
                window, waiting = waiting[: self.window], waiting[self.window :]
                with transaction.atomic():
                    # One commit for the last results and the next intents: a trial sent a
                    # quarter more messages a second than with two.
                    self.settle(claim)
                    self.intended_at = monotonic()
                    intents = self.intents_of(window, claim, edition)
                # Forgotten only now: had the transaction failed, they would be written again.
                self.unsettled.clear()
                self.send(intents)
        finally:
            self.settle(claim)
            self.unsettled.clear()
            ledger.release(claim.token)

    def intents_of(self, window: Sequence[int], claim: Claim, edition: Edition) -> list[Intent]:
        """Record the intents of a window, and of whom nothing is sent, why."""
        wired = takes_wire(self.connection)
        decisions = [
            decide(pk, claim.token, edition, clock=self.clock, wired=wired) for pk in window
        ]
        intents = [decision for decision in decisions if isinstance(decision, Intent)]
        self.done.skipped += decisions.count(DeliveryState.SKIPPED)
        self.done.failed += decisions.count(DeliveryState.FAILED)
        if not intents:
            self.on_progress(self.done)
        return intents

    def send(self, intents: list[Intent]) -> None:
        """Send the messages of a window as long as nothing speaks against the next one.

        Of the others no octet has left, so their rows go back to the queue.
        """
        waiting = deque(intents)
        try:
            while waiting and self.may_begin(first=len(waiting) == len(intents)):
                self.attempt(waiting.popleft())
                self.on_progress(self.done)
        finally:
            self.unsettled |= {intent.delivery_id: unsent(intent) for intent in waiting}
        self.pace(len(intents) - len(waiting))

    def may_begin(self, *, first: bool) -> bool:
        """Tell whether a message whose intent is committed may still be begun.

        A worker that slept past its lease may not: others have judged by then. Nor may, after
        WINDOW_SECONDS, any but the first, so that a pause or a reader's decision is soon seen.
        """
        if first:
            return monotonic() - self.intended_at < settings.INTENT_LEASE_SECONDS
        return not self.over and monotonic() - self.intended_at < WINDOW_SECONDS

    def pace(self, messages: int) -> None:
        """Make the next window as large as the server's speed and the setting allow."""
        fitting = messages * WINDOW_SECONDS / max(monotonic() - self.intended_at, A_MOMENT)
        self.window = max(1, min(settings.INTENTS_PER_COMMIT, int(fitting)))

    def attempt(self, intent: Intent) -> None:
        """Put a message on the wire. Its intent is committed."""
        if self.messages_on_connection >= MESSAGES_A_CONNECTION:
            self.hang_up()
        self.messages_on_connection += 1
        try:
            outcome = post(self.connection, intent.message)
        except BaseException:
            # Interrupted in the middle: what the server did with it, nobody here knows.
            self.unsettled[intent.delivery_id] = INTERRUPTED
            raise
        result = result_of(outcome, attempts=intent.attempts, now=self.clock())
        self.unsettled[intent.delivery_id] = result
        self.done.count(result.state)
        self.heed(outcome, intent)

    def hang_up(self) -> None:
        self.messages_on_connection = 0
        disconnect(self.connection)

    def heed(self, outcome: Outcome, intent: Intent) -> None:
        """Draw what follows from an outcome for everything but the message itself."""
        if outcome.verdict is not Verdict.ACCEPTED:
            self.hang_up()
        refused = outcome.verdict is Verdict.REFUSED and not outcome.no_such_address
        self.refusals_in_a_row = self.refusals_in_a_row + 1 if refused else 0
        self.drops_in_a_row = self.drops_in_a_row + 1 if outcome.dropped else 0
        if outcome.unreachable or self.drops_in_a_row >= DROPS_IN_A_ROW:
            self.done.halted = outcome.reply or outcome.verdict
            rest(self.issue, self.clock() + rest_after(outcome))
        if outcome.needs_operator or self.refusals_in_a_row >= REFUSALS_IN_A_ROW:
            self.done.halted = outcome.reply or outcome.verdict
            pause_for_operator(self.issue, outcome.reply, self.clock())
        if outcome.no_such_address:
            bounced = Subscriber.Suppression.BOUNCED
            # Meanwhile the reader may have moved, and nothing is known of the new address.
            suppress(intent.reader_id, bounced, now=self.clock(), address=intent.address)

    def settle(self, claim: Claim) -> None:
        """Write the results that wait to be written."""
        for delivery_id, result in self.unsettled.items():
            if not ledger.settle(delivery_id, claim.token, result):
                log.warning("delivery %s was settled by somebody else", delivery_id)


def unsent(intent: Intent) -> Result:
    """Return the result of a message that was intended and not begun: it is due as before."""
    return Result(DeliveryState.PENDING, reason=NOT_BEGUN, due_at=intent.due_at, tried=False)


def rest(issue: Issue, until: datetime) -> None:
    """Leave an issue's mail server alone until then; no worker claims rows before."""
    Issue.objects.filter(pk=issue.pk).update(rests_until=until)


def pause_for_operator(issue: Issue, reason: str, now: datetime) -> None:
    """Pause an issue of which no message would get through until somebody has helped.

    One that was sent, and has welcomes waiting, cannot be paused: it rests.
    """
    try:
        issue.become(IssueState.PAUSED, state_reason=reason[: ledger.REASON_LENGTH])
    except WrongState:
        log.warning("issue %s was already stopped: %s", issue.slug, reason)
        rest(issue, now + REST)
