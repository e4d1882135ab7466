"""Heeding: what follows from an outcome for everything but the message itself.

The mailer may need a rest, the issue an operator, and the reader's address may be gone.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.mail.backends.base import BaseEmailBackend

from newsletter import ledger, mailers
from newsletter.deciding import Intent
from newsletter.mailers import Mailer
from newsletter.messages import impersonal
from newsletter.models import Issue
from newsletter.retrying import REST
from newsletter.states import IssueState, WrongState
from newsletter.transport import Outcome, Verdict, disconnect
from subscribers.models import Subscriber
from subscribers.suppression import suppress

log = logging.getLogger(__name__)

# So many refusals in a row are about us, not about the readers. What share of an issue may be
# refused, newsletter.refusals says.
REFUSALS_IN_A_ROW = 20
# A server may end a conversation now and then; one that always does wants to be left alone.
DROPS_IN_A_ROW = 5


@dataclass(slots=True)
class Line:
    """A worker's connection to one mailer, and how messages fare on it in this round.

    ``stopped`` says why nothing more goes through it.
    """

    mailer: Mailer
    connection: BaseEmailBackend
    on_connection: int = 0
    begun: int = 0
    refused: int = 0
    refused_recipients: int = 0
    refusals_in_a_row: int = 0
    drops_in_a_row: int = 0
    stopped: str = ""

    def hang_up(self) -> None:
        self.on_connection = 0
        disconnect(self.connection)

    def note(self, outcome: Outcome) -> None:
        """Count an outcome; a refusal of one recipient neither makes a row nor ends it."""
        refused = outcome.verdict is Verdict.REFUSED
        if outcome.about_recipient:
            self.refused_recipients += refused
        else:
            self.refused += refused
            self.refusals_in_a_row = self.refusals_in_a_row + 1 if refused else 0
        self.drops_in_a_row = self.drops_in_a_row + 1 if outcome.dropped else 0

    @property
    def is_refused(self) -> bool:
        """Whether so many messages in a row were refused that the next ones would be, too."""
        return self.refusals_in_a_row >= REFUSALS_IN_A_ROW


def heed(outcome: Outcome, intent: Intent, line: Line, issue: Issue, *, now: datetime) -> bool:
    """Draw what follows from the outcome of a message that went over a line.

    False where no other message of the issue would fare better, so that it was stopped.
    """
    line.note(outcome)
    if outcome.verdict is not Verdict.ACCEPTED:
        line.hang_up()
    else:
        line.mailer = mailers.recovered(line.mailer)
    if outcome.no_such_address:
        bounced = Subscriber.Suppression.BOUNCED
        # Meanwhile the reader may have moved, and nothing is known of the new address.
        suppress(intent.reader_id, bounced, now=now, address=intent.address)
    line.stopped = reason_to_stop(outcome, line)
    if outcome.needs_operator:
        return not give_up(line.mailer, issue, line.stopped, now=now)
    if line.is_refused:
        pause_for_operator(issue, line.stopped, now)
        return False
    if line.stopped:
        asked = None if outcome.retry_after is None else timedelta(seconds=outcome.retry_after)
        mailers.rest(line.mailer, line.stopped, now=now, asked=asked)
    return True


def reason_to_stop(outcome: Outcome, line: Line) -> str:
    """Say why nothing more should go over a line now; nothing where that is fine.

    A server's words leave the row here, for the mailer's state, the issue, a log: they keep no
    addresses.
    """
    if line.is_refused:
        reason = f"{line.refused} of {line.begun} messages were refused: {outcome.reply}"
        return impersonal(reason, ledger.REASON_LENGTH)
    tired = line.drops_in_a_row >= DROPS_IN_A_ROW
    if outcome.needs_operator or outcome.unreachable or tired:
        return impersonal(outcome.reply or str(outcome.verdict), ledger.REASON_LENGTH)
    return ""


def give_up(mailer: Mailer, issue: Issue, reason: str, *, now: datetime) -> bool:
    """Leave a mailer alone until an operator has helped; True where no other is left.

    The issue is paused then. What the reason holds of addresses is not kept.
    """
    reason = impersonal(reason, ledger.REASON_LENGTH)
    mailers.rest(mailer, reason, now=now, needs_operator=True)
    if not mailers.none_left():
        return False
    pause_for_operator(issue, reason, now)
    return True


def rest(issue: Issue, until: datetime) -> None:
    """Leave an issue alone until then, when a mailer may take messages again."""
    Issue.objects.filter(pk=issue.pk).update(rests_until=until)


def pause_for_operator(issue: Issue, reason: str, now: datetime) -> None:
    """Pause an issue of which no message would get through until somebody has helped.

    One that was sent, and has welcomes waiting, cannot be paused: it rests.
    """
    reason = impersonal(reason, ledger.REASON_LENGTH)
    try:
        issue.become(IssueState.PAUSED, state_reason=reason)
    except WrongState:
        log.warning("issue %s was already stopped: %s", issue.slug, reason)
        rest(issue, now + REST)
