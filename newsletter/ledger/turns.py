"""Whose turn it is: asked inside the UPDATE of a row, so that the answer holds for it."""

from __future__ import annotations

from django.db.models import DurationField, Exists, OuterRef, Q
from django.db.models.functions import Now

from newsletter.models import Delivery, Issue
from newsletter.states import IssueState
from subscribers.prepared import given_as

# Until when, by the database's clock; how long is given to a prepared statement as ``lease``.
LEASED_UNTIL = Now() + given_as("lease", DurationField())


def in_state(*states: IssueState) -> Exists:
    """Ask for a row's issue inside the row's own UPDATE.

    A join would become a subquery over rows, whose answer PostgreSQL keeps from before it
    waited for a lock; what another worker or an editor did meanwhile would be overwritten.
    """
    return Exists(Issue.objects.filter(pk=OuterRef("issue_id"), state__in=states))


def goes_out() -> Q:
    """Ask for a row's turn inside its own UPDATE: its issue is sending.

    A welcome may go out of an issue that was sent, too, unless mails lack its correction.
    """
    welcoming = Exists(Issue.objects.filter(pk=OuterRef("issue_id")).welcoming())
    return Q(in_state(IssueState.SENDING)) | Q(welcoming, occasion=Delivery.Occasion.WELCOME)
