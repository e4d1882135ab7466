"""After a fault in this process: the ledger against what a server took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client
from django.urls import reverse

from newsletter.auditing import imbalances
from newsletter.models import Delivery, Issue, MailerState
from newsletter.states import ACCEPTED, DeliveryState

PASSED = timedelta(hours=1)


def reckon(issue: Issue, taken: Iterable[str], **states: int) -> None:
    """Compare an issue's rows with the addresses of what a server took, one a message.

    ``states`` says how many rows are in each state. Nobody may be lost: a row that is not sent
    says why, or waits, or is doubtful. Nobody may be served twice, and the books balance.
    """
    issue.refresh_from_db()
    copies = Counter(taken)
    rows = dict(issue.deliveries.values_list("subscriber__email", "state"))
    assert set(copies.values()) <= {1}, "somebody got it twice"
    assert set(copies) <= set(rows), "somebody got it who is not in the ledger"
    for address, state in rows.items():
        if state != DeliveryState.AMBIGUOUS:
            assert (state in ACCEPTED) == (address in copies), (address, state)
    assert Counter(rows.values()) == states
    assert len(rows) == issue.audience
    assert imbalances(issue) == []
    doubtful = {address for address, state in rows.items() if state == DeliveryState.AMBIGUOUS}
    assert not doubtful or listed_as_doubtful() == doubtful


def listed_as_doubtful() -> set[str]:
    """Return whom the operator's list of doubtful messages shows."""
    operator, _ = User.objects.get_or_create(
        username="operator", defaults={"is_staff": True, "is_superuser": True}
    )
    client = Client()
    client.force_login(operator)
    response = client.get(
        reverse("admin:newsletter_delivery_changelist"), {"state__exact": "ambiguous"}
    )
    rows = response.context["cl"].result_list
    return {row.subscriber.email for row in rows}


def an_hour_passes() -> None:
    """Let what waits, and whatever rests, have waited for an hour more."""
    Delivery.objects.filter(state=DeliveryState.PENDING).update(due_at=F("due_at") - PASSED)
    Issue.objects.update(rests_until=F("rests_until") - PASSED)
    MailerState.objects.update(rests_until=F("rests_until") - PASSED)
