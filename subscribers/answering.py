"""Requests to subscribe that nobody answered yet: each gets its mail, whatever died meanwhile."""

import logging
from datetime import datetime, timedelta

from django.db.models import F, Q

from subscribers.emails import answer_request
from subscribers.models import ConsentEvent

log = logging.getLogger(__name__)

# A worker has this long before somebody else takes its mail for forgotten.
GRACE = timedelta(minutes=1)
# Nobody waits longer for the mail; they ask again.
WORTH_ANSWERING = timedelta(days=1)
# Before the next attempt; after the last one nobody waits for the mail any more.
RETRY_MINUTES = (1, 5, 15, 60, 180)
MAX_TRIES = len(RETRY_MINUTES) + 1
# RFC 5321 §4.2.1: a server that says 5xx will say so again.
PERMANENT = range(500, 600)


def waiting(now: datetime) -> Q:
    """Return the condition of requests that are due for an answer at this moment.

    Only what came by the form is answered: imports and samples did not ask for a mail.
    """
    return Q(
        Q(answer_due_at=None) | Q(answer_due_at__lte=now),
        kind=ConsentEvent.Kind.SUBSCRIBED,
        origin=ConsentEvent.Origin.FORM,
        answered_at=None,
        tries__lt=MAX_TRIES,
    )


def answer(subscriber_id: int, *, now: datetime) -> bool:
    """Send one mail for all of a person's requests that are due; False where there is none.

    The requests are claimed for the time of an attempt, so that two workers do not send two
    mails, and marked answered only after it was sent: a confirmation that comes twice harms
    nobody, one that never comes loses a reader. Raises what the mail server's connection
    raises, except that an address is refused for good, which counts as answered.
    """
    requests = ConsentEvent.objects.filter(waiting(now), subscriber_id=subscriber_id)
    tries = max(requests.values_list("tries", flat=True), default=None)
    if tries is None:
        return False
    wait = timedelta(minutes=RETRY_MINUTES[min(tries, len(RETRY_MINUTES) - 1)])
    ids = list(requests.values_list("pk", flat=True))
    claimed = ConsentEvent.objects.filter(waiting(now), pk__in=ids)
    if not claimed.update(tries=F("tries") + 1, answer_due_at=now + wait):
        return False
    try:
        sent = answer_request(subscriber_id)
    except OSError as exc:
        if not refused_for_good(exc):
            raise
        log.warning("the server refuses the address of reader %s", subscriber_id)
        sent = False
    ConsentEvent.objects.filter(pk__in=ids).update(answered_at=now)
    return sent


def refused_for_good(exc: OSError) -> bool:
    """Tell whether a mail server said that it will never take mail for this recipient."""
    answers = getattr(exc, "recipients", None)
    return isinstance(answers, dict) and any(code in PERMANENT for code, _ in answers.values())


def answer_forgotten(now: datetime) -> int:
    """Answer requests whose task was lost; returns how many people got their mail.

    One whose mail fails is logged, without the address, and tried again later.
    """
    asked = (now - WORTH_ANSWERING, now - GRACE)
    people = ConsentEvent.objects.filter(waiting(now), at__range=asked)
    answered = 0
    for subscriber_id in sorted(set(people.values_list("subscriber_id", flat=True))):
        try:
            answered += answer(subscriber_id, now=now)
        except Exception as exc:  # the outermost edge: one bad mail must not hold up the others
            kind = type(exc).__name__
            log.error("the request of reader %s is not answered yet: %s", subscriber_id, kind)
    return answered
