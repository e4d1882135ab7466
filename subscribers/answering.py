"""Mails that somebody asked for and did not get yet: each goes out, whatever died meanwhile."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from subscribers.emails import answer_move, answer_request, tell_former
from subscribers.models import AddressChange, ConsentEvent
from subscribers.restraint import ASKED_BY, may_mail_move

log = logging.getLogger(__name__)

# A worker has this long before somebody else takes its work for forgotten.
GRACE = timedelta(minutes=1)
# Nobody waits longer for the mail; they ask again.
WORTH_ANSWERING = timedelta(days=1)
# Before the next attempt; after the last one nobody waits for the mail any more.
RETRY_MINUTES = (1, 5, 15, 60, 180)
MAX_TRIES = len(RETRY_MINUTES) + 1
# RFC 5321 §4.2.1: a server that says 5xx will say so again.
PERMANENT = range(500, 600)
REQUESTS = Q(kind=ConsentEvent.Kind.SUBSCRIBED, origin__in=ASKED_BY)


def answer(subscriber_id: int, *, now: datetime) -> bool:
    """Send one mail for all of a person's requests to subscribe; False where none is due.

    Raises what the mail server's connection raises.
    """
    asked = ConsentEvent.objects.filter(REQUESTS, subscriber_id=subscriber_id)
    return send_owed(asked, lambda: answer_request(subscriber_id), now=now)


def answer_change(change_id: int, *, now: datetime) -> bool:
    """Send the mail that a change of address has due: to the new one, or once done the former.

    Nothing goes to a new address where ``restraint`` says no. Raises what the mail server's
    connection raises.
    """
    change = AddressChange.objects.filter(pk=change_id).first()
    if change is None:
        return False
    # A change that is done while the first mail goes out owes the second one all the same.
    owed = AddressChange.objects.filter(pk=change_id, done_at=change.done_at)
    if change.done_at:
        return send_owed(owed, lambda: tell_former(change_id), now=now)
    return send_owed(
        owed,
        lambda: answer_move(change_id, now=now),
        now=now,
        allowed=lambda: may_mail_move(change.email, now),
    )


def waiting(now: datetime) -> Q:
    """Return the condition of rows whose mail is due at this moment."""
    return Q(
        Q(answer_due_at=None) | Q(answer_due_at__lte=now), answered_at=None, tries__lt=MAX_TRIES
    )


def always() -> bool:
    return True


def send_owed(
    owed: QuerySet[Any],
    send: Callable[[], bool],
    *,
    now: datetime,
    allowed: Callable[[], bool] = always,
) -> bool:
    """Send one mail for all rows that wait for it; tell whether one went out.

    The rows are claimed for the time of an attempt, so that two workers do not send two
    mails, and marked answered only after it was sent: a confirmation that comes twice harms
    nobody, one that never comes loses a reader. Before the first attempt ``allowed`` is asked,
    once; a no counts as answered, and leaves the rows as a mail does. Raises what ``send``
    raises, except that an address is refused for good, which counts as answered too.
    """
    due = dict(owed.filter(waiting(now)).values_list("pk", "tries"))
    if not due:
        return False
    rows = owed.filter(pk__in=list(due))
    wait = timedelta(minutes=RETRY_MINUTES[min(max(due.values()), len(RETRY_MINUTES) - 1)])
    with transaction.atomic():
        if not rows.filter(waiting(now)).update(tries=F("tries") + 1, answer_due_at=now + wait):
            return False
        if not any(due.values()) and not allowed():
            rows.update(answered_at=now)
            return False
    try:
        sent = send()
    except OSError as exc:
        if not refused_for_good(exc):
            raise
        log.warning("the server refuses the address of %s %s", owed.model.__name__, min(due))
        sent = False
    rows.update(answered_at=now)
    return sent


def refused_for_good(exc: OSError) -> bool:
    """Tell whether a mail server said that it will never take mail for this recipient."""
    answers = getattr(exc, "recipients", None)
    return isinstance(answers, dict) and any(code in PERMANENT for code, _ in answers.values())


def answer_forgotten(now: datetime, *, grace: timedelta = GRACE) -> int:
    """Send mails whose task was lost; returns how many went out.

    One that waits for longer than ``grace`` is taken for forgotten; one that fails is logged,
    without the address, and tried again later.
    """
    lost = (now - WORTH_ANSWERING, now - grace)
    asked = ConsentEvent.objects.filter(REQUESTS, waiting(now), at__range=lost)
    changes = AddressChange.objects.filter(
        Q(done_at=None, asked_at__range=lost) | Q(done_at__range=lost), waiting(now)
    )
    return answer_each(
        set(asked.values_list("subscriber_id", flat=True)), answer, now=now
    ) + answer_each(set(changes.values_list("pk", flat=True)), answer_change, now=now)


def answer_each(ids: Iterable[int], answer_one: Callable[..., bool], *, now: datetime) -> int:
    answered = 0
    for number in sorted(ids):
        try:
            answered += answer_one(number, now=now)
        except Exception as exc:  # the outermost edge: one bad mail must not hold up the others
            kind, what = type(exc).__name__, answer_one.__name__
            log.error("%s %s is not answered yet: %s", what, number, kind)
    return answered
