"""Sending: due rows of an issue become messages, one at a time, by the ledger's protocol."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from time import monotonic

from django.core.mail import get_connection
from django.db import transaction
from django.utils import timezone

from newsletter import ledger
from newsletter.composing import ComposedMail, Composer, PersonalLinks
from newsletter.ledger import Claim, Result
from newsletter.messages import Envelope, message_for
from newsletter.models import Delivery, Issue, Revision
from newsletter.rendering import RenderedIssue
from newsletter.states import DeliveryState, IssueState, SkipReason, WrongState
from newsletter.transport import Outcome, Verdict, post
from subscribers.audience import choice_of, obstacle
from subscribers.links import choices_url, unsubscribe_url
from subscribers.models import Source, Subscriber
from subscribers.suppression import suppress

log = logging.getLogger(__name__)

# delivery.md §3: minutes before the next attempt, and how many attempts there are.
RETRY_MINUTES = (1, 5, 15, 60, 180)
MAX_ATTEMPTS = len(RETRY_MINUTES) + 1
RETRY_SPREAD = 0.2
# Some servers limit the messages of a connection; a fresh one costs little.
MESSAGES_A_CONNECTION = 100
# Well below a task's time limit, so that a drain ends by itself and another goes on.
DRAIN_SECONDS = 45.0
# Blocks of one issue take about 150 KB; an old revision may still be in use beside the new.
COMPOSERS_KEPT = 4
REASON_LENGTH = 300

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
class Edition:
    """What every message of a round shares: an issue, and the revision that it sends."""

    issue: Issue
    revision_id: int
    subject: str
    composer: Composer
    groups: dict[int, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Intent:
    """A message whose sending is recorded; once committed, its first byte may leave."""

    delivery_id: int
    attempts: int
    reader: Subscriber
    envelope: Envelope
    mail: Callable[[PersonalLinks], ComposedMail]


def drain(
    issue_id: int,
    *,
    clock: Clock = timezone.now,
    seconds: float = DRAIN_SECONDS,
    stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Drained], None] = lambda done: None,
) -> Drained:
    """Send what is due of an issue, for at most ``seconds``, until nothing is or ``stop()``.

    Any number of workers may do this at once, and again: a row is claimed by one, and no row
    is sent twice. Servers' errors end up in the ledger, never as exceptions.
    """
    end = monotonic() + seconds
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
        self.connection = get_connection()
        self.messages_on_connection = 0
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
                    # One commit for the last result and the next intent: delivery.md measured
                    # a quarter more messages a second than with two.
                    self.settle(claim)
                    intent = self.next_intent(delivery_id, claim, edition)
                if intent is not None:
                    self.unsettled = (delivery_id, self.attempt(intent))
                self.on_progress(self.done)
        finally:
            self.settle(claim)
            ledger.release(claim.token)

    def next_intent(self, delivery_id: int, claim: Claim, edition: Edition) -> Intent | None:
        """Record that a reader's message is about to leave, or why it is not.

        Whether the reader may be mailed, and what they chose, is read in the transaction that
        records the intent: consent beats the queue.
        """
        delivery = Delivery.objects.get(pk=delivery_id)
        reader = locked_reader(delivery)
        now = self.clock()
        reason = obstacle(reader, self.issue.kind, now)
        if reader is None or reason:
            self.done.skipped += ledger.skip(delivery_id, claim.token, SkipReason(reason))
            return None
        composition = edition.composer.compose(choice_of(reader, edition.groups))
        if composition.is_empty:
            self.done.skipped += ledger.skip(delivery_id, claim.token, SkipReason.FILTER_EMPTY)
            return None
        begun = ledger.intend(
            delivery_id,
            claim.token,
            revision_id=edition.revision_id,
            variant=composition.variant,
            stories=composition.shown,
        )
        if not begun:
            return None
        envelope = envelope_for(delivery, reader, edition, now)
        return Intent(delivery_id, delivery.attempts + 1, reader, envelope, composition.mail)

    def attempt(self, intent: Intent) -> Result:
        """Make the message and put it on the wire. Its intent is committed."""
        reader, envelope = intent.reader, intent.envelope
        links = PersonalLinks(envelope.unsubscribe_url, choices_url(reader.pk), reader.email)
        try:
            message = message_for(envelope, intent.mail(links))
        except ValueError as exc:
            log.error("delivery %s cannot be composed: %s", envelope.uid, exc)
            return Result(DeliveryState.FAILED, reason=f"compose: {exc}"[:REASON_LENGTH])
        if self.messages_on_connection >= MESSAGES_A_CONNECTION:
            self.hang_up()
        self.messages_on_connection += 1
        outcome = post(self.connection, message)
        self.heed(outcome, reader)
        return result_of(outcome, attempts=intent.attempts, now=self.clock())

    def hang_up(self) -> None:
        self.messages_on_connection = 0
        self.connection.close()

    def heed(self, outcome: Outcome, reader: Subscriber) -> None:
        """Draw what follows from an outcome for everything but the message itself."""
        if outcome.verdict is not Verdict.ACCEPTED:
            self.hang_up()
        if outcome.unreachable:
            self.done.halted = outcome.reply
        if outcome.verdict is Verdict.HALTED:
            pause_for_operator(self.issue, outcome.reply)
        if outcome.no_such_address:
            suppress(reader.pk, Subscriber.Suppression.BOUNCED, now=self.clock())

    def settle(self, claim: Claim) -> None:
        """Write the last message's result, if one waits to be written."""
        if self.unsettled is None:
            return
        (delivery_id, result), self.unsettled = self.unsettled, None
        if ledger.settle(delivery_id, claim.token, result):
            self.done.count(result.state)
        else:
            log.warning("delivery %s was settled by somebody else", delivery_id)


@lru_cache(maxsize=COMPOSERS_KEPT)
def composer_of(revision_id: int, content_hash: str) -> Composer:
    """Return the composer of a revision; a revision never changes, so it is kept.

    The hash keeps it apart from one of the same number that was rolled back.
    """
    rendered = Revision.objects.values_list("rendered", flat=True).get(pk=revision_id)
    return Composer(RenderedIssue.from_json(rendered))


def edition_of(issue: Issue) -> Edition:
    """Return the newest revision of an issue, ready to be composed."""
    revision = issue.revisions.current().only("pk", "subject", "content_hash")[0]
    return Edition(
        issue=issue,
        revision_id=revision.pk,
        subject=revision.subject,
        composer=composer_of(revision.pk, revision.content_hash),
        groups=Source.objects.merge_groups(),
    )


def locked_reader(delivery: Delivery) -> Subscriber | None:
    """Return the reader as they are now, held still until the intent is committed."""
    if delivery.subscriber_id is None:
        return None
    return Subscriber.objects.select_for_update().filter(pk=delivery.subscriber_id).first()


def envelope_for(
    delivery: Delivery, reader: Subscriber, edition: Edition, now: datetime
) -> Envelope:
    return Envelope(
        uid=delivery.uid,
        address=reader.email,
        unsubscribe_url=unsubscribe_url(edition.issue.kind, reader.pk),
        kind=edition.issue.kind,
        slug=edition.issue.slug,
        subject=edition.subject,
        at=now,
    )


def pause_for_operator(issue: Issue, reason: str) -> None:
    """Pause an issue of which no message would get through until somebody has helped."""
    try:
        issue.become(IssueState.PAUSED, state_reason=reason[:REASON_LENGTH])
    except WrongState:
        log.info("issue %s was already stopped", issue.slug)


def result_of(outcome: Outcome, *, attempts: int, now: datetime) -> Result:
    """Turn what is known about a message into the row's next state."""
    match outcome.verdict:
        case Verdict.ACCEPTED:
            return Result(DeliveryState.SENT, reply=outcome.reply)
        case Verdict.REFUSED:
            return Result(DeliveryState.FAILED, reason=f"refused: {outcome.reply}"[:REASON_LENGTH])
        case Verdict.DOUBTFUL:
            return Result(DeliveryState.AMBIGUOUS, reason=outcome.reply)
        case Verdict.HALTED:
            return Result(DeliveryState.PENDING, reason=outcome.reply, due_at=now)
    if attempts >= MAX_ATTEMPTS:
        reason = f"given up after {attempts} attempts: {outcome.reply}"[:REASON_LENGTH]
        return Result(DeliveryState.FAILED, reason=reason)
    wait = retry_delay(attempts, outcome.retry_after)
    return Result(DeliveryState.PENDING, reason=outcome.reply, due_at=now + wait)


def retry_delay(attempts: int, retry_after: int | None) -> timedelta:
    """Return the wait before the next attempt: what the server asked for, or ours.

    Spread by a fifth, so that rows which failed together do not come back together.
    """
    if retry_after is not None:
        return timedelta(seconds=retry_after)
    spread = random.uniform(1 - RETRY_SPREAD, 1 + RETRY_SPREAD)  # noqa: S311  no secret
    return timedelta(minutes=RETRY_MINUTES[attempts - 1] * spread)
