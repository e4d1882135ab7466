"""The sentence that asks before something is done to an issue, with numbers of this moment."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.admin_theme import grouped, moment
from newsletter import schedule
from newsletter.admin.forecast import Forecast, forecast
from newsletter.auditing import books
from newsletter.content import content_of
from newsletter.discarding import begun
from newsletter.models import Issue, StorySource
from newsletter.states import IssueState


def audience_sentence(issue: Issue, now: datetime) -> str:
    """Say how many readers an issue goes to, and how many get nothing and why."""
    counts = forecast(issue, content_of(issue), today=timezone.localdate(now))
    return f"{reached_sentence(counts)} {left_out_sentence(counts)}".strip()


def reached_sentence(counts: Forecast) -> str:
    return ngettext(
        "It goes to %(count)s reader.", "It goes to %(count)s readers.", counts.reached
    ) % {"count": grouped(counts.reached)}


def left_out_sentence(counts: Forecast) -> str:
    """Say how many get nothing and why; empty where everybody gets it."""
    left_out = counts.without_story + counts.paused
    if not left_out:
        return ""
    no_story, pause = _("no story of their sources"), _("on pause")
    if counts.without_story and counts.paused:
        reasons = (
            f"{no_story} ({grouped(counts.without_story)}), {pause} ({grouped(counts.paused)})"
        )
    else:
        reasons = no_story if counts.without_story else pause
    return ngettext(
        "%(count)s reader gets nothing: %(reasons)s.",
        "%(count)s readers get nothing: %(reasons)s.",
        left_out,
    ) % {"count": grouped(left_out), "reasons": reasons}


def ask_approve(issue: Issue, now: datetime) -> str:
    first = max(schedule.earliest_due(issue.period_end), now)
    return _("Each reader gets it at the hour they chose, the first from %(when)s on. %(whom)s") % {
        "when": moment(first),
        "whom": audience_sentence(issue, now),
    }


def sped_up_sentence(issue: Issue) -> str:
    """Say how many readers of an issue that is being sent need not wait for their hour."""
    waiting = books(issue).waiting
    return ngettext(
        "%(count)s reader still waits for the hour they chose, and gets it at once instead.",
        "%(count)s readers still wait for the hour they chose, and get it at once instead.",
        waiting,
    ) % {"count": grouped(waiting)}


def ask_send_now(issue: Issue, now: datetime) -> str:
    if issue.state == IssueState.SENDING:
        return sped_up_sentence(issue)
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
        "sent": grouped(account.sent),
        "audience": grouped(account.audience),
        "waiting": grouped(account.waiting),
    }


def ask_resume(issue: Issue, now: datetime) -> str:
    waiting = books(issue).waiting
    return ngettext(
        "Sending goes on to the %(count)s reader that waits.",
        "Sending goes on to the %(count)s readers that wait.",
        waiting,
    ) % {"count": grouped(waiting)}


def ask_cancel(issue: Issue, now: datetime) -> str:
    """Say who will not get it, and what becomes of its date."""
    if begun(issue):
        account = books(issue)
        lost = ngettext(
            "%(count)s reader will never get it",
            "%(count)s readers will never get it",
            account.waiting,
        ) % {"count": grouped(account.waiting)}
        return _(
            "%(lost)s; sent so far: %(sent)s. This cannot be taken back, and its date stays "
            "taken: no other issue can have it."
        ) % {"lost": lost, "sent": grouped(account.sent)}
    return _(
        "Nobody will get this issue, and it cannot be taken up again. Its date stays taken until "
        "you delete the cancelled issue, which you can as long as nothing of it was sent."
    )


def ask_accept(issue: Issue, now: datetime) -> str:
    suggestions = StorySource.objects.filter(story__issue=issue, confirmed=False).count()
    return ngettext(
        "%(count)s suggested source becomes confirmed.",
        "%(count)s suggested sources become confirmed.",
        suggestions,
    ) % {"count": suggestions}
