"""Sending: due rows of an issue become messages, one at a time, by the ledger's protocol."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import DatabaseError, InterfaceError, transaction
from django.utils import timezone

from newsletter import ledger
from newsletter.addressing import is_welcome, message_of
from newsletter.editions import Edition, edition_of
from newsletter.ledger import Claim, Result
from newsletter.models import Delivery, Issue
from newsletter.retrying import REST, rest_after, result_of
from newsletter.states import DeliveryState, IssueState, SkipReason, WrongState
from newsletter.transport import Outcome, Verdict, disconnect, post
from subscribers.audience import choice_of, obstacle
from subscribers.models import Subscriber
from subscribers.suppression import suppress

log = logging.getLogger(__name__)

# Some servers limit the messages of a connection; a fresh one costs little.
MESSAGES_A_CONNECTION = 100
# So many refusals in a row are about us, not about the readers.
REFUSALS_IN_A_ROW = 20
# A server may end a conversation now and then; one that always does wants to be left alone.
DROPS_IN_A_ROW = 5

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


@dataclass(frozen=True, slots=True)
class Intent:
    """A message whose sending is recorded; once committed, its first byte may leave."""

    delivery_id: int
    attempts: int
    reader_id: int
    address: str
    message: EmailMultiAlternatives


INTERRUPTED = Result(DeliveryState.AMBIGUOUS, reason="interrupted while it was sending")


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
        self.unsettled: tuple[int, Result] | None = None

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
        try:
            edition = edition_of(self.issue)
            for delivery_id in claim.delivery_ids:
                if self.over:
                    break
                with transaction.atomic():
                    # One commit for the last result and the next intent: a trial sent a quarter
                    # more messages a second than with two.
                    self.settle(claim)
                    intent = self.next_intent(delivery_id, claim, edition)
                # Forgotten only now: had the transaction failed, it would be written again.
                self.unsettled = None
                if intent is not None:
                    self.attempt(intent)
                self.on_progress(self.done)
        finally:
            self.settle(claim)
            self.unsettled = None
            ledger.release(claim.token)

    def next_intent(self, delivery_id: int, claim: Claim, edition: Edition) -> Intent | None:
        """Record that a reader's message is about to leave, or why it is not.

        Whether the reader may be mailed, and what they chose, is read in the transaction that
        records the intent: consent beats the queue.
        """
        # Locked in the order in which a reader's deletion takes them: the row, the reader.
        delivery = Delivery.objects.select_for_update().get(pk=delivery_id)
        try:
            with transaction.atomic():
                return self.decide(delivery, claim, edition)
        except (DatabaseError, InterfaceError):
            raise
        except Exception as exc:  # the edge of one reader's mail: the others must get theirs
            log.exception("delivery %s cannot be composed", delivery.uid)
            reason = f"compose: {type(exc).__name__}: {exc}"[: ledger.REASON_LENGTH]
            self.done.failed += ledger.fail_claimed(delivery_id, claim.token, reason)
            return None

    def decide(self, delivery: Delivery, claim: Claim, edition: Edition) -> Intent | None:
        """Skip a reader, or record the intent and make the message."""
        reader = locked_reader(delivery)
        now = self.clock()
        reason = obstacle(reader, self.issue.kind, now)
        if reader is None or reason:
            self.done.skipped += ledger.skip(delivery.pk, claim.token, SkipReason(reason))
            return None
        composition = edition.composer_for(reader.language).compose(
            choice_of(reader, edition.groups, now), welcome=is_welcome(delivery)
        )
        if composition.is_empty:
            self.done.skipped += ledger.skip(delivery.pk, claim.token, SkipReason.FILTER_EMPTY)
            return None
        message = message_of(delivery, reader, edition, composition, now)
        begun = ledger.intend(
            delivery.pk,
            claim.token,
            revision_id=edition.revision_id,
            variant=composition.variant,
            stories=composition.shown,
            shown=composition.shown_mask,
        )
        if not begun:
            return None
        return Intent(delivery.pk, delivery.attempts + 1, reader.pk, reader.email, message)

    def attempt(self, intent: Intent) -> None:
        """Put a message on the wire. Its intent is committed."""
        if self.messages_on_connection >= MESSAGES_A_CONNECTION:
            self.hang_up()
        self.messages_on_connection += 1
        try:
            outcome = post(self.connection, intent.message)
        except BaseException:
            # Interrupted in the middle: what the server did with it, nobody here knows.
            self.unsettled = (intent.delivery_id, INTERRUPTED)
            raise
        result = result_of(outcome, attempts=intent.attempts, now=self.clock())
        self.unsettled = (intent.delivery_id, result)
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
        """Write the last message's result, if one waits to be written."""
        if self.unsettled is None:
            return
        delivery_id, result = self.unsettled
        if not ledger.settle(delivery_id, claim.token, result):
            log.warning("delivery %s was settled by somebody else", delivery_id)


def locked_reader(delivery: Delivery) -> Subscriber | None:
    """Return the reader as they are now, held still until the intent is committed."""
    if delivery.subscriber_id is None:
        return None
    return Subscriber.objects.select_for_update().filter(pk=delivery.subscriber_id).first()


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
