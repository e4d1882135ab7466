"""The sentence that asks before something is done to an issue, with numbers of this moment."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from newsletter import schedule
from newsletter.admin.forecast import Forecast, forecast
from newsletter.auditing import books
from newsletter.content import content_of
from newsletter.models import Issue, StorySource
from newsletter.states import IssueState


def audience_sentence(issue: Issue, now: datetime) -> str:
    """Say how many readers an issue goes to, and how many get nothing and why."""
    counts = forecast(issue, content_of(issue), today=timezone.localdate(now))
    return f"{reached_sentence(counts)} {left_out_sentence(counts)}".strip()


def reached_sentence(counts: Forecast) -> str:
    return ngettext(
        "It goes to %(count)s reader.", "It goes to %(count)s readers.", counts.reached
    ) % {"count": f"{counts.reached:,}"}


def left_out_sentence(counts: Forecast) -> str:
    """Say how many get nothing and why; empty where everybody gets it."""
    empty = _("they have chosen none of its sources")
    paused = _("they have paused")
    if counts.without_story and counts.paused:
        reasons = _("%(empty)s chose none of its sources, %(paused)s have paused") % {
            "empty": f"{counts.without_story:,}",
            "paused": f"{counts.paused:,}",
        }
    else:
        reasons = empty if counts.without_story else paused
    left_out = counts.without_story + counts.paused
    if not left_out:
        return ""
    return ngettext(
        "%(count)s reader gets nothing: %(reasons)s.",
        "%(count)s readers get nothing: %(reasons)s.",
        left_out,
    ) % {"count": f"{left_out:,}", "reasons": reasons}


def ask_approve(issue: Issue, now: datetime) -> str:
    first = max(schedule.earliest_due(issue.period_end), now)
    return _(
        "Each reader gets it at the hour they chose, the first from %(when)s %(zone)s on. %(whom)s"
    ) % {
        "when": date_format(timezone.localtime(first), "j F, H:i"),
        "zone": timezone.get_current_timezone_name(),
        "whom": audience_sentence(issue, now),
    }


def ask_send_now(issue: Issue, now: datetime) -> str:
    if issue.state == IssueState.SENDING:
        waiting = books(issue).waiting
        return ngettext(
            "%(count)s reader still waits for the hour they chose, and gets it at once instead.",
            "%(count)s readers still wait for the hour they chose, and get it at once instead.",
            waiting,
        ) % {"count": f"{waiting:,}"}
    return _("It goes out at once, whatever hour readers chose. %(whom)s") % {
        "whom": audience_sentence(issue, now)
    }


def ask_withdraw(issue: Issue, now: datetime) -> str:
    return _("The issue becomes a draft again, and goes to nobody until it is approved anew.")


def ask_pause(issue: Issue, now: datetime) -> str:
    account = books(issue)
    return _(
        "%(sent)s of %(audience)s readers have it. The %(waiting)s that wait are kept waiting "
        "until you resume; messages in a worker's hand are still finished."
    ) % {
        "sent": f"{account.sent:,}",
        "audience": f"{account.audience:,}",
        "waiting": f"{account.waiting:,}",
    }


def ask_resume(issue: Issue, now: datetime) -> str:
    waiting = books(issue).waiting
    return ngettext(
        "Sending goes on to the %(count)s reader that waits.",
        "Sending goes on to the %(count)s readers that wait.",
        waiting,
    ) % {"count": f"{waiting:,}"}


def ask_cancel(issue: Issue, now: datetime) -> str:
    if not issue.planned_at:
        return _("Nobody will get this issue, and it cannot be taken up again.")
    account = books(issue)
    return _(
        "%(waiting)s readers will never get it; %(sent)s have it already. "
        "This cannot be taken back."
    ) % {"waiting": f"{account.waiting:,}", "sent": f"{account.sent:,}"}


def ask_accept(issue: Issue, now: datetime) -> str:
    suggestions = StorySource.objects.filter(story__issue=issue, confirmed=False).count()
    return ngettext(
        "%(count)s suggested source becomes confirmed.",
        "%(count)s suggested sources become confirmed.",
        suggestions,
    ) % {"count": suggestions}
