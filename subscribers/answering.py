"""Requests to subscribe that nobody answered yet: each gets its mail, whatever died meanwhile."""

import logging
from datetime import datetime, timedelta

from subscribers.emails import answer_request
from subscribers.models import ConsentEvent

log = logging.getLogger(__name__)

# A worker has this long before somebody else takes its mail for forgotten.
GRACE = timedelta(minutes=1)
# Nobody waits longer for the mail; they ask again.
WORTH_ANSWERING = timedelta(days=1)
UNANSWERED = {"kind": ConsentEvent.Kind.SUBSCRIBED, "answered_at": None}


def answer(subscriber_id: int, *, now: datetime) -> bool:
    """Send one mail for all of a person's unanswered requests; False where there is none.

    Marked only after it was sent: a confirmation that comes twice harms nobody, one that
    never comes loses a reader. Raises what the mail server's connection raises.
    """
    requests = ConsentEvent.objects.filter(subscriber_id=subscriber_id, **UNANSWERED)
    ids = list(requests.values_list("pk", flat=True))
    if not ids:
        return False
    answer_request(subscriber_id)
    ConsentEvent.objects.filter(pk__in=ids).update(answered_at=now)
    return True


def answer_forgotten(now: datetime) -> int:
    """Answer requests whose task was lost; returns how many people got their mail.

    One whose mail fails is logged and tried again in the next round.
    """
    requests = ConsentEvent.objects.filter(
        at__range=(now - WORTH_ANSWERING, now - GRACE), **UNANSWERED
    )
    answered = 0
    for subscriber_id in sorted(set(requests.values_list("subscriber_id", flat=True))):
        try:
            answered += answer(subscriber_id, now=now)
        except Exception:  # the outermost edge: one bad mail must not hold up the others
            log.exception("the request of reader %s is not answered yet", subscriber_id)
    return answered
