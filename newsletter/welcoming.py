"""A new reader's welcome: the latest issue, as they would have got it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import DatabaseError, IntegrityError, InterfaceError, transaction
from django.db.models import F, Q

from newsletter.editions import edition_of
from newsletter.models import Delivery, Issue
from newsletter.states import IssueState
from subscribers.audience import choice_of, obstacle
from subscribers.models import Subscriber

log = logging.getLogger(__name__)

# An older issue is no news: who comes after a long silence waits for the next one. A weekly
# keeps for longer, and there are fewer of them.
WELCOME_WITHIN = {"daily": timedelta(days=14), "weekly": timedelta(days=28)}
# Of readers whose task was lost; a tick has other work as well.
WELCOMES_A_TICK = 500
OPEN_TO_WELCOMES = (IssueState.SENDING, IssueState.SENT)


def welcome(subscriber_id: int, *, now: datetime) -> Delivery | None:
    """Give a reader whose welcome is due the latest issue that has something for them.

    Returns its row in the ledger, due now; None where there is no such issue, where the
    reader has the latest one already, or where somebody else was quicker. Either way no
    welcome is due any more.
    """
    with transaction.atomic():
        waiting = Subscriber.objects.filter(pk=subscriber_id, welcome_due_at__lte=now)
        if not waiting.update(welcome_due_at=None):
            return None
        reader = Subscriber.objects.get(pk=subscriber_id)
        for issue in candidates(reader, now):
            if has_something(issue, reader, now):
                delivery = enter(issue, reader, now)
                if delivery is not None:
                    return delivery
    return None


def candidates(reader: Subscriber, now: datetime) -> Iterator[Issue]:
    """Give the issues that may welcome a reader, the latest first.

    What is older than an issue that they were in the audience of is not given.
    """
    recent = Q()
    for kind, age in WELCOME_WITHIN.items():
        if not obstacle(reader, kind, now):
            recent |= Q(kind=kind, period_end__gte=(now - age).date())
    if not recent:
        return
    got = set(reader.deliveries.values_list("issue_id", flat=True))
    for issue in Issue.objects.in_state(*OPEN_TO_WELCOMES).filter(recent).newest_first():
        if issue.pk in got:
            return
        yield issue


def has_something(issue: Issue, reader: Subscriber, now: datetime) -> bool:
    """Tell whether an issue holds anything for a reader."""
    edition = edition_of(issue)
    composer = edition.composer_for(reader.language)
    return not composer.compose(choice_of(reader, edition.groups, now), welcome=True).is_empty


def enter(issue: Issue, reader: Subscriber, now: datetime) -> Delivery | None:
    """Add a reader to an issue's audience; None where it was stopped, or they are in it."""
    try:
        with transaction.atomic():
            open_ = Issue.objects.filter(pk=issue.pk, state__in=OPEN_TO_WELCOMES)
            if not open_.update(audience=F("audience") + 1):
                return None
            return Delivery.objects.create(
                issue=issue, subscriber=reader, occasion=Delivery.Occasion.WELCOME, due_at=now
            )
    except IntegrityError:
        log.info("reader %s is in the audience of %s already", reader.pk, issue.slug)
        return None


def welcome_due(now: datetime) -> int:
    """Welcome readers whose task was lost; returns how many get an issue.

    A welcome is a courtesy: one that cannot be made is logged and given up, so that it holds
    up nothing else.
    """
    due = Subscriber.objects.filter(welcome_due_at__lte=now).order_by("welcome_due_at", "pk")
    welcomed = 0
    for subscriber_id in list(due.values_list("pk", flat=True)[:WELCOMES_A_TICK]):
        try:
            welcomed += welcome(subscriber_id, now=now) is not None
        except (DatabaseError, InterfaceError):
            raise
        except Exception:
            log.exception("reader %s cannot be welcomed", subscriber_id)
            Subscriber.objects.filter(pk=subscriber_id).update(welcome_due_at=None)
    return welcomed
