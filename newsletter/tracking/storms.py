"""Too many bounces or complaints about one issue: it is paused before the rest goes out."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from newsletter.models import Issue
from newsletter.states import ACCEPTED, DeliveryState, IssueState, WrongState
from newsletter.steering import pause
from newsletter.tracking.verdicts import Kind

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Storm:
    """More than ``share`` of an issue's messages in a state, and at least ``fewest``."""

    state: DeliveryState
    share: float
    fewest: int
    words: str


STORMS = {
    # Providers warn senders at this share. Fewer than twenty are chance, as in a drain.
    Kind.BOUNCED: Storm(DeliveryState.BOUNCED, 0.05, 20, "came back"),
    # Google's and Yahoo's rules for bulk senders: never 0.3 %.
    Kind.COMPLAINED: Storm(DeliveryState.COMPLAINED, 0.003, 5, "were marked as spam"),
}
CAUSES = {Kind.REJECTED: Kind.BOUNCED, Kind.BOUNCED: Kind.BOUNCED, Kind.COMPLAINED: Kind.COMPLAINED}


def held_for_counting(issue_id: int, kind: Kind) -> Issue | None:
    """Lock an issue that a report of this kind may have to pause.

    One after the other, so that no number is skipped where several reports come at once.
    """
    if kind not in CAUSES:
        return None
    rows = Issue.objects.select_for_update(no_key=True)
    return rows.filter(pk=issue_id, state=IssueState.SENDING).first()


def pause_in_storm(issue: Issue, kind: Kind) -> None:
    """Pause a locked issue if what was just written is one too many.

    The share is looked at when the number has doubled since the last look: an operator who
    resumes is not stopped again by the next single bounce.
    """
    storm = STORMS[CAUSES[kind]]
    number = issue.deliveries.filter(state=storm.state).count()
    if not is_time_to_look(number, storm.fewest):
        return
    accepted = issue.deliveries.filter(state__in=ACCEPTED).count()
    if number <= storm.share * accepted:
        return
    reason = (
        f"{number} of {accepted} messages {storm.words}, more than {storm.share:.1%}. "
        "Look at the deliveries before you resume."
    )
    try:
        pause(issue, reason)
    except WrongState:
        return
    log.warning("issue %s was paused: %s", issue.slug, reason)


def is_time_to_look(number: int, fewest: int) -> bool:
    """Tell whether a number is ``fewest`` or its double, the double of that, and so on."""
    doublings, rest = divmod(number, fewest)
    return rest == 0 and doublings > 0 and doublings & (doublings - 1) == 0
