"""The books of an issue: everybody in the audience is accounted for, exactly once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Count, F, Max, Min
from django.db.models.functions import Now

from newsletter.models import Issue
from newsletter.states import ACCEPTED, OPEN, DeliveryState, IssueState, SkipReason
from subscribers.models import Subscriber

# Two rounds of the janitor, a minute apart: after that a lease should not stand.
SWEEPS_MISSED = timedelta(seconds=120)
# Clocks of the web's and the database's machine may differ by this much.
CLOCK_TOLERANCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Books:
    """What became of an issue's audience.

    audience = sent + skipped + suppressed + failed + ambiguous + cancelled + waiting
    """

    audience: int
    sent: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    suppressed: int = 0
    failed: int = 0
    ambiguous: int = 0
    cancelled: int = 0
    waiting: int = 0
    bounced: int = 0
    complained: int = 0
    variants: int = 0
    seconds: float | None = None

    @property
    def accounted(self) -> int:
        """Return the sum of everything that became of anybody."""
        return (
            self.sent
            + sum(self.skipped.values())
            + self.suppressed
            + self.failed
            + self.ambiguous
            + self.cancelled
            + self.waiting
        )

    @property
    def balanced(self) -> bool:
        return self.accounted == self.audience

    @property
    def done(self) -> int:
        """Return how many of the audience wait for nothing any more."""
        return self.accounted - self.waiting


def books(issue: Issue) -> Books:
    """Count what became of an issue's audience, as the ledger says at this moment."""
    audience = Issue.objects.values_list("audience", flat=True).get(pk=issue.pk)
    by_state = dict(issue.deliveries.order_by().values_list("state").annotate(rows=Count("pk")))
    reasons = dict(
        issue.deliveries.filter(state=DeliveryState.SKIPPED)
        .order_by()
        .values_list("reason")
        .annotate(rows=Count("pk"))
    )
    went_out = issue.deliveries.filter(intent_at__isnull=False).aggregate(
        variants=Count("variant", distinct=True), first=Min("intent_at"), last=Max("sent_at")
    )
    lasted = went_out["last"] - went_out["first"] if went_out["last"] else None
    return Books(
        audience=audience,
        sent=sum(by_state.get(state, 0) for state in ACCEPTED),
        suppressed=reasons.pop(SkipReason.SUPPRESSED, 0),
        skipped=reasons,
        failed=by_state.get(DeliveryState.FAILED, 0),
        ambiguous=by_state.get(DeliveryState.AMBIGUOUS, 0),
        cancelled=by_state.get(DeliveryState.CANCELLED, 0),
        waiting=sum(by_state.get(state, 0) for state in OPEN),
        bounced=by_state.get(DeliveryState.BOUNCED, 0),
        complained=by_state.get(DeliveryState.COMPLAINED, 0),
        variants=went_out["variants"],
        seconds=lasted.total_seconds() if lasted is not None else None,
    )


def imbalances(issue: Issue) -> list[str]:
    """Say in sentences what the ledger of an issue has that must not be; empty is good."""
    found = []
    account = books(issue)
    if not account.balanced:
        found.append(
            f"The audience is {account.audience}, but {account.accounted} rows are accounted for."
        )
    issue.refresh_from_db(fields=["state"])
    if issue.state in (IssueState.SENT, IssueState.CANCELLED) and account.waiting:
        found.append(f"The issue is {issue.state}, but {account.waiting} rows still wait.")
    stale = issue.deliveries.filter(lease_until__lt=Now() - SWEEPS_MISSED).count()
    if stale:
        found.append(f"{stale} leases ran out long ago: is the janitor running?")
    against_consent = issue.deliveries.filter(
        subscriber__state=Subscriber.State.UNSUBSCRIBED,
        intent_at__gt=F("subscriber__left_at") + CLOCK_TOLERANCE,
    ).count()
    if against_consent:
        found.append(f"{against_consent} messages were begun after their reader had left.")
    nameless = issue.deliveries.filter(state__in=ACCEPTED, revision=None).count()
    if nameless:
        found.append(f"{nameless} messages were sent of no revision.")
    return found
