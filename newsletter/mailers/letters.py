"""Letters, such as confirmations, by the same ways as issues: each by the first that works."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from newsletter.mailers.breaker import REASON_LENGTH, recovered, rest, untried, usable
from newsletter.mailers.choosing import connection_of
from newsletter.mailers.values import Mailer
from newsletter.messages import impersonal
from newsletter.transport import Outcome, Verdict, disconnect, post

log = logging.getLogger(__name__)

# RFC 5321 §4.2.3: what a server says of an address at which nobody is.
NO_SUCH_MAILBOX = 550


class LetterNotSent(OSError):
    """No mailer took a letter, or nobody knows whether one did.

    ``recipients`` has a permanent answer by address where nobody is there, as smtplib's
    SMTPRecipientsRefused has: who sends letters then tries no more.
    """

    def __init__(self, words: str, recipients: dict[str, tuple[int, bytes]] | None = None) -> None:
        super().__init__(words)
        self.recipients = recipients or {}


class LettersBackend(BaseEmailBackend):
    """Django's e-mail backend that hands each message to the first mailer which takes it.

    The next one is asked only where the last certainly did not take the message, and because
    of the mailer, not of the message. Nothing waits for a mailer's rates: somebody sits there
    and looks for the mail.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send messages and return how many went out; raise LetterNotSent for one that did not."""
        sent = 0
        for message in email_messages:
            if not message.recipients():
                continue
            try:
                send(message)
            except LetterNotSent:
                if not self.fail_silently:
                    raise
            else:
                sent += 1
        return sent


def send(message: EmailMessage) -> None:
    """Send a message by the first usable mailer that takes it; raise LetterNotSent otherwise.

    Neither the log nor the exception holds a server's words: they may name the reader.
    """
    failure = "no mailer can be used now"
    for fallbacks in (False, True):
        left = deque(usable(timezone.now(), fallbacks=fallbacks))
        try:
            while left:
                mailer = left.popleft()
                outcome = attempt(mailer, message)
                if outcome.verdict is Verdict.ACCEPTED:
                    return
                failure = f"{mailer.name}: {outcome.verdict}"
                log.warning("a letter did not go out by %s", failure)
                if not only_the_mailer(outcome):
                    raise LetterNotSent(failure, nobody_there(outcome, message))
        finally:
            for mailer in left:
                untried(mailer, now=timezone.now())
    raise LetterNotSent(failure)


def attempt(mailer: Mailer, message: EmailMessage) -> Outcome:
    """Send a message by a mailer, and note what that tells about the mailer."""
    try:
        connection = connection_of(mailer)
    except (ImproperlyConfigured, ImportError) as exc:
        outcome = Outcome(Verdict.HALTED, str(exc), unreachable=True, needs_operator=True)
    else:
        outcome = post(connection, message)
        disconnect(connection)
    probing = mailer.probe_until is not None
    if outcome.verdict is Verdict.ACCEPTED:
        recovered(mailer)
    elif outcome.unreachable and (probing or not outcome.needs_operator):
        # That it needs an operator is for issues to say: a letter may ask for what they do not.
        asked = timedelta(seconds=outcome.retry_after or 0)
        reason = impersonal(outcome.reply, REASON_LENGTH)
        rest(mailer, reason, now=timezone.now(), asked=asked)
    else:
        untried(mailer, now=timezone.now())
    return outcome


def only_the_mailer(outcome: Outcome) -> bool:
    """Tell whether a message was certainly not taken, for a reason that is the mailer's own."""
    return outcome.verdict is Verdict.HALTED or (
        outcome.verdict is Verdict.LATER and outcome.unreachable
    )


def nobody_there(outcome: Outcome, message: EmailMessage) -> dict[str, tuple[int, bytes]]:
    if not outcome.no_such_address:
        return {}
    return dict.fromkeys(message.recipients(), (NO_SUCH_MAILBOX, b"nobody is there"))
