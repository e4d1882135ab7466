"""Mails that readers have, as rows of the ledger."""

from typing import Any

from newsletter.models import Delivery, Issue
from subscribers.models import Subscriber
from tests.factories import noon


def make_delivery(
    issue: Issue, reader: Subscriber | None, *, shown: str = "", state: str = "sent", **fields: Any
) -> Delivery:
    """Make a delivery of the issue's newest revision; bits of ``shown`` are its stories."""
    at = noon(issue)
    delivery: Delivery = issue.deliveries.create(
        subscriber=reader,
        revision=fields.pop("revision", issue.revisions.current().first()),
        state=state,
        shown=shown,
        stories=fields.pop("stories", int(shown or "0", 16).bit_count()),
        due_at=at,
        intent_at=at,
        sent_at=at,
        **fields,
    )
    return delivery
