"""The books of an issue: everybody in the audience is accounted for, exactly once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Case, Count, F, Max, Min, Q, TextField, Value, When
from django.db.models.functions import Now

from newsletter.models import Delivery, Issue
from newsletter.retrying import MISSED
from newsletter.states import ACCEPTED, OPEN, DeliveryState, IssueState, SkipReason
from subscribers.models import Subscriber

# Two rounds of the janitor, a minute apart: after that a lease should not stand.
SWEEPS_MISSED = timedelta(seconds=120)
# Clocks of the web's and the database's machine may differ by this much.
CLOCK_TOLERANCE = timedelta(seconds=2)
# A welcome goes out within minutes; greylisting lasts up to one hour.
WELCOME_OVERDUE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Books:
    """What became of an issue's audience.

    audience = sent + skipped + suppressed + failed + ambiguous + cancelled + waiting

    Of those sent some ``bounced`` or ``complained``; of those that failed some are ``missed``:
    their deadline was over before anything was sent of them.
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
    missed: int = 0
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
    audience, by_state, reasons = tally(issue)
    missed = reasons.pop(MISSED, 0)
    # How long the issue took; welcomes go out of it long after.
    regular = Q(occasion=Delivery.Occasion.ISSUE)
    went_out = issue.deliveries.filter(intent_at__isnull=False).aggregate(
        variants=Count("variant", distinct=True),
        first=Min("intent_at", filter=regular),
        last=Max("sent_at", filter=regular),
    )
    lasted = went_out["last"] - went_out["first"] if went_out["last"] else None
    return Books(
        audience=audience,
        sent=sum(by_state[state] for state in ACCEPTED),
        suppressed=reasons.pop(SkipReason.SUPPRESSED, 0),
        skipped=dict(reasons),
        failed=by_state[DeliveryState.FAILED],
        ambiguous=by_state[DeliveryState.AMBIGUOUS],
        cancelled=by_state[DeliveryState.CANCELLED],
        waiting=sum(by_state[state] for state in OPEN),
        bounced=by_state[DeliveryState.BOUNCED],
        complained=by_state[DeliveryState.COMPLAINED],
        missed=missed,
        variants=went_out["variants"],
        seconds=lasted.total_seconds() if lasted is not None else None,
    )


def tally(issue: Issue) -> tuple[int, Counter[str], Counter[str]]:
    """Return the audience, how many rows are in each state, and why some got nothing.

    Reasons are counted of those skipped, and of those that failed MISSED alone.

    One statement, so that a row which moves meanwhile is counted once, and a reader who is
    welcomed meanwhile both in the audience and among the rows, or in neither.
    """
    reason = Case(
        When(state=DeliveryState.SKIPPED, then="reason"),
        When(state=DeliveryState.FAILED, reason__startswith=MISSED, then=Value(MISSED)),
        default=Value(""),
        output_field=TextField(),
    )
    rows = issue.deliveries.order_by().values_list("issue__audience", "state", reason)
    counted = list(rows.annotate(number=Count("pk")))
    by_state: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for _audience, state, why, number in counted:
        by_state[state] += number
        if why:
            reasons[why] += number
    if counted:
        return counted[0][0], by_state, reasons
    return Issue.objects.values_list("audience", flat=True).get(pk=issue.pk), by_state, reasons


def imbalances(issue: Issue) -> list[str]:
    """Say in sentences what the ledger of an issue has that must not be; empty is good."""
    found = []
    account = books(issue)
    if not account.balanced:
        found.append(
            f"The audience is {account.audience}, but {account.accounted} rows are accounted for."
        )
    issue.refresh_from_db(fields=["state"])
    waiting = waiting_against(issue)
    if waiting:
        found.append(f"The issue is {issue.state}, but {waiting} rows still wait.")
    if overdue := overdue_welcomes(issue):
        found.append(
            f"{overdue} welcomes wait since more than an hour: is the mail server away, or does "
            "what was corrected lack something?"
        )
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


def overdue_welcomes(issue: Issue) -> int:
    """Count welcomes that should be out: the page of an issue that was sent shows no alarm."""
    if issue.state != IssueState.SENT:
        return 0
    waiting = issue.deliveries.filter(
        state=DeliveryState.PENDING, occasion=Delivery.Occasion.WELCOME
    )
    return waiting.filter(due_at__lt=Now() - WELCOME_OVERDUE).count()


def waiting_against(issue: Issue) -> int:
    """Count rows that wait though their issue is over; a welcome may, in one that was sent."""
    waiting = issue.deliveries.open()
    match issue.state:
        case IssueState.SENT:
            return waiting.filter(occasion=Delivery.Occasion.ISSUE).count()
        case IssueState.CANCELLED:
            return waiting.count()
    return 0
