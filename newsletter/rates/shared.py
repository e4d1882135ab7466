"""Buckets and queues as all workers share them: in the database, by its clock.

Each call is one short transaction of its own that holds the rows it changes, never within
another one: a worker that talks to a mail server holds no bucket. Where a mailer has no such
limit the database is not asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from newsletter.mailers import Mailer
from newsletter.models import DomainTurn, MailerState
from newsletter.rates.buckets import Bucket, Grant, draw, refund
from newsletter.rates.queues import Queue, call_up
from subscribers.prepared import change, given, question

BUCKET = question(
    lambda: (
        MailerState.objects.filter(name=given(MailerState, "name"))
        .select_for_update()
        .values_list("id", Now(), "next_at", "day", "begun")
    )
)
BUCKET_DRAWN = change(
    lambda: MailerState.objects.filter(id=given(MailerState, "id")),
    next_at=given(MailerState, "next_at"),
    day=given(MailerState, "day"),
    begun=given(MailerState, "begun"),
)
QUEUE = question(
    lambda: (
        DomainTurn.objects.filter(
            mailer=given(DomainTurn, "mailer"), domain=given(DomainTurn, "domain")
        )
        .select_for_update()
        .values_list("id", Now(), "next_at", "queue_until")
    )
)
QUEUE_MOVED = change(
    lambda: DomainTurn.objects.filter(id=given(DomainTurn, "id")),
    next_at=given(DomainTurn, "next_at"),
    queue_until=given(DomainTurn, "queue_until"),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A claimed row: the domain of its reader's address, and whether it was put off before."""

    domain: str
    put_off: bool = False


def take(mailer: Mailer, wanted: int) -> Grant:
    """Take up to ``wanted`` messages from what a mailer may be given now.

    What is granted must be begun now, or given back.
    """
    if not is_limited(mailer) or wanted <= 0:
        return Grant(max(wanted, 0))
    grants: list[Grant] = []

    def drawn(bucket: Bucket, now: datetime) -> Bucket:
        bucket, grant = draw(bucket, wanted, mailer, now)
        grants.append(grant)
        return bucket

    while not change_bucket(mailer, drawn):
        MailerState.objects.bulk_create([MailerState(name=mailer.name)], ignore_conflicts=True)
    return grants[0]


def give_back(mailer: Mailer, grant: Grant, unused: int) -> None:
    """Give back what a grant gave and was not begun; once for each grant.

    Never more than it gave, and nothing to another day than its own.
    """
    if grant.at is not None and unused > 0:
        change_bucket(mailer, lambda bucket, now: refund(bucket, grant, unused, mailer, now))


def is_limited(mailer: Mailer) -> bool:
    """Tell whether the messages of a mailer are counted."""
    limits = (mailer.per_second, mailer.per_day, mailer.warm_up)
    return any(limit is not None for limit in limits)


def change_bucket(mailer: Mailer, changed: Callable[[Bucket, datetime], Bucket]) -> bool:
    """Change a mailer's bucket while nobody else can; False where it has none yet."""
    with transaction.atomic(durable=True):
        for pk, now, *columns in BUCKET.rows(name=mailer.name):
            before = Bucket(*columns)
            after = changed(before, now)
            if after != before:
                BUCKET_DRAWN.rows(id=pk, next_at=after.next_at, day=after.day, begun=after.begun)
            return True
    return False


def turns(mailer: Mailer, waiting: Mapping[int, Waiting]) -> dict[int, datetime]:
    """Return, of rows that this worker has claimed, those that may not go, and when each may.

    They are put off until then; the others must go now. A domain is limited by its own name
    alone, not by that of a domain above it.
    """
    limited: defaultdict[str, dict[int, bool]] = defaultdict(dict)
    for pk, row in waiting.items():
        if (domain := row.domain.lower()) in mailer.by_domain:
            limited[domain][pk] = row.put_off
    if not limited:
        return {}
    # All workers take the domains' rows in one order, so none waits for one that waits for it.
    domains = sorted(limited)
    while (later := called_up(mailer, {domain: limited[domain] for domain in domains})) is None:
        rows = [DomainTurn(mailer=mailer.name, domain=domain) for domain in domains]
        DomainTurn.objects.bulk_create(rows, ignore_conflicts=True)
    return later


def called_up(
    mailer: Mailer, limited: Mapping[str, Mapping[int, bool]]
) -> dict[int, datetime] | None:
    """Call up the rows of each domain; None, with nothing changed, where a queue is not made.

    They are made without a lock in hand: who makes one may have to wait for who made it first.
    """
    later: dict[int, datetime] = {}
    with transaction.atomic(durable=True):
        found = {domain: QUEUE.rows(mailer=mailer.name, domain=domain) for domain in limited}
        if not all(found.values()):
            return None
        for domain, waiting in limited.items():
            ((pk, now, *columns),) = found[domain]
            queue, put_off = call_up(Queue(*columns), waiting, mailer.by_domain[domain], now)
            QUEUE_MOVED.rows(id=pk, next_at=queue.next_at, queue_until=queue.queue_until)
            later |= put_off
    return later
