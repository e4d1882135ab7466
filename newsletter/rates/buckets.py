"""A mailer's bucket: what is in it, what may be taken out, what goes back. Pure.

It is a token bucket that is kept as one moment, ``next_at``: when it is full again. Every
message that is taken puts that off by its own time, and a bucket is empty when it lies as far
ahead as a whole burst takes. (ITU-T I.371 calls this the generic cell rate algorithm.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from newsletter.mailers import Mailer
from newsletter.rates import days

SECOND = timedelta(seconds=1)
# Who had to wait for a bucket reads the time at which it began to wait. What looks like a
# clock that went back so little is none, and to believe it would forget what was taken.
LONGEST_WAIT = timedelta(seconds=10)
NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a bucket is refilled: a message ``each`` so long, up to ``burst``."""

    each: timedelta
    burst: int

    @property
    def whole(self) -> timedelta:
        """How long an empty bucket takes to be full."""
        return self.each * self.burst

    def full_at(self, next_at: datetime | None, now: datetime) -> datetime:
        """Return when a bucket is full again, which is at most a whole burst ahead.

        Much farther it lies only where the clock went back, or where the limit was another
        one. Then it is empty now, and nobody waits for a time that was never right.
        """
        full_at = max(next_at or now, now)
        return full_at if full_at - now <= self.whole + LONGEST_WAIT else now + self.whole

    def left(self, full_at: datetime, now: datetime) -> int:
        return max((now + self.whole - full_at) // self.each, 0)

    def worth_waiting(self, messages: int, full_at: datetime, now: datetime) -> timedelta:
        """Return how long it is until so many messages are there, or the bucket is half full.

        With every message as it comes, a worker would do little else than ask.
        """
        if not messages:
            return NOTHING
        enough = min(messages, (self.burst + 1) // 2)
        return max(full_at - self.each * (self.burst - enough) - now, NOTHING)


def pace_of(mailer: Mailer) -> Pace | None:
    """Return a mailer's pace, if it has one: at once it takes what a second brings, or one."""
    if mailer.per_second is None:
        return None
    return Pace(time_of_one(mailer.per_second), burst=max(1, int(mailer.per_second)))


def time_of_one(per_second: float) -> timedelta:
    """Return the time of a message, rounded up so that nobody is faster than was said.

    Whole microseconds are exact to reckon with, which fractions of them are not.
    """
    return timedelta(microseconds=math.ceil(SECOND / timedelta.resolution / per_second))


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is written down of a mailer: ``begun`` counts the messages of its ``day``."""

    next_at: datetime | None = None
    day: date | None = None
    begun: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """How many messages may begin now; ``wait`` says when it is worth asking for more.

    It is nothing where all that was wanted was granted. ``at`` is when it was granted, and on
    which ``day`` its messages count: None where the mailer has no limit.
    """

    granted: int
    wait: timedelta = NOTHING
    at: datetime | None = None
    day: date | None = None


def draw(bucket: Bucket, wanted: int, mailer: Mailer, now: datetime) -> tuple[Bucket, Grant]:
    """Take up to so many messages out of a bucket, as its pace and the day's allowance let."""
    day = days.counted(bucket.day, now)
    if day != bucket.day:
        bucket = replace(bucket, day=day, begun=0)
    granted, wait = wanted, NOTHING
    pace = pace_of(mailer)
    if pace:
        full_at = pace.full_at(bucket.next_at, now)
        granted = min(granted, pace.left(full_at, now))
    most = days.allowance(mailer, day)
    if most is not None:
        granted = min(granted, max(most - bucket.begun, 0))
    begun = bucket.begun + granted
    if pace:
        full_at += pace.each * granted
        bucket = replace(bucket, next_at=full_at)
        wait = pace.worth_waiting(wanted - granted, full_at, now)
    if most is not None and begun >= most and granted < wanted:
        wait = days.until_next(day, now)
    return replace(bucket, begun=begun), Grant(granted, wait, now, day)


def refund(bucket: Bucket, grant: Grant, unused: int, mailer: Mailer, now: datetime) -> Bucket:
    """Put back what a grant gave and nobody used.

    While it was out the bucket may have become full, and what is more than full is lost: so
    what it was refilled by since then is not put back. Nor is anything to another day.
    """
    unused = min(unused, grant.granted)
    if bucket.day == grant.day:
        bucket = replace(bucket, begun=max(bucket.begun - unused, 0))
    pace = pace_of(mailer)
    if pace and bucket.next_at and grant.at and grant.at <= now:
        back = max(pace.each * unused - (now - grant.at), NOTHING)
        bucket = replace(bucket, next_at=bucket.next_at - back)
    return bucket
