"""A new reader's welcome: the latest issue, as they would have got it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.db import DatabaseError, IntegrityError, InterfaceError, transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.fields.json import KeyTransform

from newsletter.models import Delivery, Issue, Revision
from newsletter.states import DeliveryState, IssueState
from subscribers.audience import Choice, choice_of, obstacle
from subscribers.models import Source, Subscriber

log = logging.getLogger(__name__)

# An older issue is no news: who comes after a long silence waits for the next one. A weekly
# keeps for longer, and there are fewer of them.
WELCOME_WITHIN = {"daily": timedelta(days=14), "weekly": timedelta(days=28)}
# Of readers whose task was lost; a tick has other work as well, and comes again in a minute.
WELCOMES_A_TICK = 500
SECONDS_A_TICK = 15.0
# A welcome given on an issue's last day may have to be tried for some hours.
LINGERING = timedelta(days=1)
TOO_OLD = "not sent, and the issue is too old for a welcome by now"


@dataclass(frozen=True, slots=True)
class Offer:
    """An issue that may welcome readers, and the sources of each of its stories."""

    issue: Issue
    source_sets: frozenset[frozenset[int]]

    def suits(self, choice: Choice) -> bool:
        """Tell whether it holds anything for a reader; a weekly has parts for everybody."""
        if self.issue.kind == Issue.Kind.WEEKLY:
            return True
        return any(map(choice.takes, self.source_sets))


@dataclass(frozen=True, slots=True)
class Shelf:
    """What readers are welcomed with, the latest first: read once for many of them."""

    offers: tuple[Offer, ...]
    groups: dict[int, frozenset[int]]


def shelf_of(now: datetime) -> Shelf:
    """Read what may welcome readers now, whatever they chose. Two queries, and one of sources."""
    recent = Q()
    for kind, age in WELCOME_WITHIN.items():
        recent |= Q(kind=kind, period_end__gte=(now - age).date())
    issues = {issue.pk: issue for issue in Issue.objects.welcoming().filter(recent).newest_first()}
    newest = Revision.objects.filter(issue=OuterRef("issue")).current().values("pk")[:1]
    revisions = Revision.objects.filter(issue__in=issues, pk=Subquery(newest))
    # The content alone: what was rendered of it is many times as large.
    told = dict(revisions.values_list("issue_id", KeyTransform("stories", "content")))
    return Shelf(
        offers=tuple(
            Offer(issue, frozenset(frozenset(story["source_ids"]) for story in told[pk]))
            for pk, issue in issues.items()
            if pk in told
        ),
        groups=Source.objects.merge_groups(),
    )


def welcome(subscriber_id: int, *, now: datetime, shelf: Shelf | None = None) -> Delivery | None:
    """Give a reader whose welcome is due the latest issue that has something for them.

    Returns its row in the ledger, due now; None where there is no such issue, where the
    reader has the latest one already, or where somebody else was quicker. Either way no
    welcome is due any more. Who welcomes many has read the ``shelf`` for all of them.
    """
    with transaction.atomic():
        waiting = Subscriber.objects.filter(pk=subscriber_id, welcome_due_at__lte=now)
        if not waiting.update(welcome_due_at=None):
            return None
        reader = Subscriber.objects.get(pk=subscriber_id)
        shelf = shelf or shelf_of(now)
        choice = choice_of(reader, shelf.groups, now)
        for offer in offers_for(reader, shelf, now):
            if offer.suits(choice):
                delivery = enter(offer.issue, reader, now)
                if delivery is not None:
                    return delivery
    return None


def offers_for(reader: Subscriber, shelf: Shelf, now: datetime) -> Iterator[Offer]:
    """Give the issues that may welcome a reader, the latest first.

    What is older than an issue that they were in the audience of is not given.
    """
    kinds = {kind for kind in WELCOME_WITHIN if not obstacle(reader, kind, now)}
    wanted = [offer for offer in shelf.offers if offer.issue.kind in kinds]
    if not wanted:
        return
    got = set(reader.deliveries.values_list("issue_id", flat=True))
    for offer in wanted:
        if offer.issue.pk in got:
            return
        yield offer


def enter(issue: Issue, reader: Subscriber, now: datetime) -> Delivery | None:
    """Add a reader to an issue's audience; None where it was stopped, or they are in it."""
    try:
        with transaction.atomic():
            open_ = Issue.objects.filter(pk=issue.pk).welcoming()
            if not open_.update(audience=F("audience") + 1):
                return None
            return Delivery.objects.create(
                issue=issue, subscriber=reader, occasion=Delivery.Occasion.WELCOME, due_at=now
            )
    except IntegrityError:
        log.info("reader %s is in the audience of %s already", reader.pk, issue.slug)
        return None


def welcome_due(now: datetime, *, seconds: float = SECONDS_A_TICK) -> int:
    """Welcome readers whose task was lost; returns how many get an issue.

    Who is not reached within so many seconds waits for the next tick. A welcome is a
    courtesy: one that cannot be made is logged and given up, so that it holds up nothing else.
    """
    end = monotonic() + seconds
    end_stale(now)
    due = Subscriber.objects.filter(welcome_due_at__lte=now).order_by("welcome_due_at", "pk")
    waiting = list(due.values_list("pk", flat=True)[:WELCOMES_A_TICK])
    if not waiting:
        return 0
    shelf = shelf_of(now)
    welcomed = 0
    for subscriber_id in waiting:
        if monotonic() >= end:
            break
        try:
            welcomed += welcome(subscriber_id, now=now, shelf=shelf) is not None
        except (DatabaseError, InterfaceError):
            raise
        except Exception:
            log.exception("reader %s cannot be welcomed", subscriber_id)
            Subscriber.objects.filter(pk=subscriber_id).update(welcome_due_at=None)
    return welcomed


def end_stale(now: datetime) -> int:
    """End welcomes that wait in issues by now too old for one; returns how many.

    They could not be sent: the mail server was away, or the issue's correction lacks something.
    """
    old = Q()
    for kind, age in WELCOME_WITHIN.items():
        old |= Q(kind=kind, period_end__lt=(now - age - LINGERING).date())
    issues = Issue.objects.filter(old, pk=OuterRef("issue_id"), state=IssueState.SENT)
    rows = Delivery.objects.filter(
        Exists(issues), state=DeliveryState.PENDING, occasion=Delivery.Occasion.WELCOME
    )
    return rows.update(state=DeliveryState.CANCELLED, reason=TOO_OLD)
