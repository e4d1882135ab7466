"""What a list of issues says about each: its first headline, and how far its sending is."""

from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from config.admin_theme import grouped
from newsletter.models import Delivery, Issue, Story
from newsletter.states import ACCEPTED, OPEN, DeliveryState


def counted(rows: QuerySet[Any], condition: Q | None = None) -> Coalesce:
    """Count an issue's rows in a query of their own: two joins would multiply each other."""
    counts = rows.order_by().values("issue").annotate(count=Count("pk", filter=condition))
    return Coalesce(Subquery(counts.values("count"), output_field=IntegerField()), 0)


def with_headline(issues: QuerySet[Issue]) -> QuerySet[Issue]:
    """Give each issue its first headline, ``headline``, None where it has no story."""
    first = Story.objects.filter(issue=OuterRef("pk")).order_by("position", "pk")
    return issues.annotate(headline=Subquery(first.values("headline")[:1]))


def with_tallies(issues: QuerySet[Issue]) -> QuerySet[Issue]:
    """Give each issue ``stories_in`` and how many of its audience are sent, skipped, waiting."""
    ledger = Delivery.objects.filter(issue=OuterRef("pk"))
    return issues.annotate(
        stories_in=counted(Story.objects.filter(issue=OuterRef("pk"))),
        mails_sent=counted(ledger, Q(state__in=ACCEPTED)),
        mails_skipped=counted(ledger, Q(state=DeliveryState.SKIPPED)),
        mails_waiting=counted(ledger, Q(state__in=OPEN)),
    ).annotate(mails_done=F("audience") - F("mails_waiting"))


def tally(issue: Any) -> str:
    """Say in a few words how far an issue's sending is; skipped ones are done too."""
    rest = issue.mails_done - issue.mails_sent - issue.mails_skipped
    parts = [_("%(count)s sent") % {"count": grouped(issue.mails_sent)}]
    if issue.mails_skipped:
        parts.append(_("%(count)s skipped") % {"count": grouped(issue.mails_skipped)})
    if rest > 0:
        # Failed, doubtful or cancelled: the books say which.
        parts.append(_("%(count)s not sent") % {"count": grouped(rest)})
    if issue.mails_waiting:
        parts.append(_("%(count)s waiting") % {"count": grouped(issue.mails_waiting)})
    return ", ".join(parts)
