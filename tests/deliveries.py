"""Rows of the ledger in any state, and reports about them."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from newsletter.bounces import Bounce
from newsletter.models import Delivery, DeliveryEvent, Issue
from newsletter.states import ACCEPTED, LEASED, DeliveryState, IssueState
from newsletter.tracking import DeliveryFact, record
from subscribers.models import Subscriber
from tests.factories import make_approved_issue, make_reader

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=365)
# No row of these was ever begun.
UNBEGUN = {DeliveryState.PENDING, DeliveryState.CLAIMED}
counter = itertools.count(1)


def sending_issue(end: date = date(2026, 11, 20), kind: str = "daily") -> Issue:
    issue = make_approved_issue(end=end, kind=kind)
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.SENDING, planned_at=NOW)
    issue.refresh_from_db()
    return issue


def make_delivery(
    issue: Issue,
    state: DeliveryState = DeliveryState.SENT,
    reader: Subscriber | None = None,
    **fields: Any,
) -> Delivery:
    """Make a row as the ledger would have it in this state, begun an hour ago."""
    begun = state not in UNBEGUN
    at = NOW - timedelta(hours=1)
    values: dict[str, Any] = {
        "due_at": at,
        "intent_at": at if begun else None,
        "sent_at": at if state in ACCEPTED else None,
        "revision": issue.revisions.get() if begun else None,
        "token": uuid.uuid4() if state in LEASED | {DeliveryState.AMBIGUOUS} else None,
        "lease_until": NOW if state in LEASED else None,
        "attempts": int(begun),
        "reason": {"skipped": "paused", "failed": "refused"}.get(state, ""),
    }
    return Delivery.objects.create(
        issue=issue,
        subscriber=reader or make_reader(confirmed_at=LONG_AGO),
        state=state,
        **values | fields,
    )


def fact(delivery: Delivery, kind: str, **fields: Any) -> DeliveryFact:
    values: dict[str, Any] = {
        "delivery": delivery.uid,
        "kind": DeliveryEvent.Kind(kind),
        "at": NOW,
        "key": f"test:{next(counter)}",
        "bounce": Bounce.SOFT if kind == "bounced" else None,
    }
    return DeliveryFact(**values | fields)


def report(delivery: Delivery, kind: str, **fields: Any) -> bool:
    return record(fact(delivery, kind, **fields), now=NOW)


def state_of(delivery: Delivery) -> str:
    return str(Delivery.objects.values_list("state", flat=True).get(pk=delivery.pk))
