"""Claims of rows and what is done with them, for tests of the protocol."""

from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from newsletter import ledger
from newsletter.models import Delivery
from newsletter.planning import plan
from tests.factories import make_approved_issue, make_reader


def planned():
    """Make an issue that is sent to three readers, and is due."""
    for _ in range(3):
        make_reader()
    issue = make_approved_issue()
    plan(issue, now=timezone.now(), at_once=True)
    return issue


def take(issue, size=20):
    return ledger.claim(issue.pk, now=timezone.now(), size=size)


def intend(claim, number=0):
    pk = claim.delivery_ids[number]
    revision = Delivery.objects.get(pk=pk).issue.revisions.get()
    return ledger.intend(
        pk,
        claim.token,
        revision_id=revision.pk,
        variant="v",
        stories=1,
        shown="1",
        mailer="default",
    )


def run_out(claim):
    """Let a claim's leases end, as if its worker had died long ago."""
    held = Delivery.objects.filter(token=claim.token, lease_until__isnull=False)
    held.update(lease_until=Now() - timedelta(seconds=1))


def row(claim, number=0):
    return Delivery.objects.get(pk=claim.delivery_ids[number])
