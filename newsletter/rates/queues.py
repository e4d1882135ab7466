"""A mail domain's queue at a mailer: who may go now, and who comes back when. Pure.

Many rows of one domain become due at once, and it takes few a second. Each that cannot go is
given a moment of its own, one after the other, so that it is claimed again when its turn is
and not before. The moments are those at which the bucket has more than it keeps for the late;
a part is kept for them so that one who comes back a little late finds its message's share, and
nobody who is new has taken it. The moments are a plan, and the bucket alone is the limit: after
an hour in which nobody sent, nothing leaves faster for it.

Moments may be planned for rows that never come: their issue was cancelled, or they went
through another mailer. So none is planned farther ahead than FARTHEST. What has no place in
that time comes back at its end and is planned then.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.rates.buckets import Pace, time_of_one

# The longest that a domain waits for rows that never come. With 100,000 rows at ten a second
# the last one is put off seven times.
FARTHEST = timedelta(minutes=30)
# A bucket holds so much more for those who come back late: workers look once a second.
LATE_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Queue:
    """What is written down of a domain: its bucket, and when the last planned row comes."""

    next_at: datetime | None = None
    queue_until: datetime | None = None


def bucket_of(per_second: float) -> tuple[Pace, int]:
    """Return a domain's pace, and how much of its burst is for those who come back alone."""
    kept = 1 + math.ceil(per_second * LATE_SECONDS)
    return Pace(time_of_one(per_second), burst=max(1, int(per_second)) + kept), kept


def call_up(
    queue: Queue, waiting: Mapping[int, bool], per_second: float, now: datetime
) -> tuple[Queue, dict[int, datetime]]:
    """Let rows of a domain go as its rate lets, and return when each of the others is due.

    ``waiting`` tells of each row whether it was put off before: those go first.
    """
    pace, kept = bucket_of(per_second)
    full_at = pace.full_at(queue.next_at, now)
    end = min(queue.queue_until or now, now + FARTHEST)
    later: dict[int, datetime] = {}
    for pk in sorted(waiting, key=lambda pk: (not waiting[pk], pk)):
        left = pace.left(full_at, now)
        may_go = left > 0 if waiting[pk] else left > kept
        if may_go:
            full_at += pace.each
            continue
        # The moment at which the bucket has more than is kept for the late.
        slot = max(end + pace.each, full_at - pace.each * (pace.burst - kept - 1))
        if slot <= now + FARTHEST:
            end = slot
        later[pk] = min(slot, now + FARTHEST)
    return Queue(full_at, end), later
