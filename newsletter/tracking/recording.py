"""One report into the ledger: the event, the row's next state, and what follows for its reader.

All of it in one transaction. Locks are taken in the order in which everybody takes them:
the issue (where its storms are counted), the delivery, the reader.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from newsletter.models import Delivery, DeliveryEvent, Revision
from newsletter.states import ACCEPTED, DeliveryState
from newsletter.tracking.facts import DeliveryFact, told
from newsletter.tracking.readers import heed
from newsletter.tracking.storms import held_for_counting, pause_in_storm
from newsletter.tracking.verdicts import Kind, next_state

log = logging.getLogger(__name__)


def record(fact: DeliveryFact, *, now: datetime) -> bool:
    """Write down a report and all that follows from it; tell whether it is new.

    A replay, and a report of a message that is not in the ledger, change nothing. Reports
    may come in any order: the row ends in the same state.
    """
    found = find(fact)
    if found is None:
        log.info("a report (%s) names no message of ours", fact.kind)
        return False
    if DeliveryEvent.objects.filter(key=fact.key).exists():
        return False
    with transaction.atomic():
        issue = held_for_counting(found.issue_id, fact.kind)
        delivery = Delivery.objects.select_for_update().filter(pk=found.pk).first()
        if delivery is None or not write(fact, delivery):
            return False
        heed(fact, delivery, now=now)
        if issue is not None and delivery.state != found.state:
            pause_in_storm(issue, fact.kind)
    return True


def find(fact: DeliveryFact) -> Delivery | None:
    """Return the row that a report is about, as it was before it is locked."""
    if fact.delivery is None:
        return None
    rows = Delivery.objects.filter(uid=fact.delivery)
    found: Delivery | None = rows.only("pk", "issue_id", "state").first()
    return found


def write(fact: DeliveryFact, delivery: Delivery) -> bool:
    """Add a report's event and move its row; False where the event is there already."""
    before = {Kind(kind) for kind in delivery.events.values_list("kind", flat=True)}
    # A server's words may name a reader, and this one may have been forgotten meanwhile.
    detail = told(fact.detail) if delivery.subscriber_id else ""
    fields = {
        "delivery": delivery,
        "kind": fact.kind,
        "at": fact.at,
        "detail": detail,
        "bounce": fact.bounce or "",
    }
    _event, is_new = DeliveryEvent.objects.get_or_create(key=fact.key, defaults=fields)
    if is_new:
        state = next_state(DeliveryState(delivery.state), fact.kind, before)
        if state != delivery.state:
            move(delivery, state, fact.at, detail or str(fact.kind))
    return is_new


def move(delivery: Delivery, state: DeliveryState, at: datetime, why: str) -> None:
    """Move a locked row; whoever held it cannot settle it any more."""
    fields: dict[str, object] = {
        "state": state,
        "lease_until": None,
        "token": None,
        "reason": why if state in (DeliveryState.BOUNCED, DeliveryState.FAILED) else "",
    }
    if state == DeliveryState.FAILED:
        fields["mailer"] = ""  # which has said itself that it sends nothing
    if state in ACCEPTED:
        fields["intent_at"] = Coalesce(F("intent_at"), Value(at))
        fields["sent_at"] = Coalesce(F("sent_at"), F("intent_at"), Value(at))
        if delivery.revision_id is None:
            # The intent was lost with the database that held it.
            fields["revision"] = Revision.objects.filter(issue=delivery.issue_id).current().first()
    Delivery.objects.filter(pk=delivery.pk).update(**fields)
    delivery.state = state
