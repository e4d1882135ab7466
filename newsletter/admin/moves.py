"""What an editor does with an issue: each is a sentence that asks, and one call into a stage."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.admin_theme import grouped
from newsletter import approving, steering, storing
from newsletter.admin import asking
from newsletter.models import Issue
from newsletter.states import IssueState
from newsletter.tasks import wake

SEND = ("newsletter.send_issue",)
# Suggestions stand in the rows of stories.
CHANGE = ("newsletter.change_issue", "newsletter.change_story")


@dataclass(frozen=True, slots=True)
class Order:
    """What was ordered: for which issue, when, and whether a late one was confirmed."""

    issue: Issue
    now: datetime
    confirmed_late: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that can be done to an issue in one of ``states``.

    ``ask`` gives the sentence of the confirmation page, ``run`` does it and gives the
    sentence that says what happened. ``reaches_readers``: it is pointless without readers
    and impossible with an error, and a late issue must be confirmed.
    """

    name: str
    label: str | Promise
    icon: str
    states: frozenset[IssueState]
    ask: Callable[[Issue, datetime], str]
    run: Callable[[Order], str]
    permissions: tuple[str, ...] = SEND
    look: str = "quiet"
    reaches_readers: bool = False


def approve(order: Order) -> str:
    approving.approve(order.issue, now=order.now, confirmed_late=order.confirmed_late)
    return _("Approved: what readers get is frozen, and goes out at their hours.")


def wake_soon(issue: Issue) -> None:
    """Let a worker begin as soon as what was ordered is committed, not at the next tick."""
    transaction.on_commit(partial(wake, issue.pk), robust=True)


def send_now(order: Order) -> str:
    # Counted before the issue moves on: the sentence is the one that asked.
    if order.issue.state == IssueState.SENDING:
        whom = asking.sped_up_sentence(order.issue)
    else:
        whom = asking.audience_sentence(order.issue, order.now)
    steering.send_now(order.issue, now=order.now, confirmed_late=order.confirmed_late)
    wake_soon(order.issue)
    return _("On its way. %(whom)s") % {"whom": whom}


def withdraw(order: Order) -> str:
    approving.withdraw(order.issue)
    return _("The issue is a draft again.")


def pause(order: Order) -> str:
    steering.pause(order.issue, _("paused by an editor"))
    return _("Paused. Resume goes on with those who wait.")


def resume(order: Order) -> str:
    steering.resume(order.issue, now=order.now)
    wake_soon(order.issue)
    return _("Sending goes on.")


def cancel(order: Order) -> str:
    dropped = steering.cancel(order.issue, now=order.now)
    if not dropped:
        return _("Cancelled; no message was waiting.")
    return ngettext(
        "Cancelled; %(count)s message will never be sent.",
        "Cancelled; %(count)s messages will never be sent.",
        dropped,
    ) % {"count": grouped(dropped)}


def accept(order: Order) -> str:
    accepted = storing.accept_suggestions(order.issue)
    return ngettext(
        "%(count)s suggestion accepted.", "%(count)s suggestions accepted.", accepted
    ) % {"count": accepted}


MOVES = {
    move.name: move
    for move in (
        Move(
            "approve",
            gettext_lazy("Approve"),
            "check",
            frozenset({IssueState.DRAFT}),
            asking.ask_approve,
            approve,
            look="primary",
            reaches_readers=True,
        ),
        Move(
            "send-now",
            gettext_lazy("Send now"),
            "send",
            frozenset({IssueState.DRAFT, IssueState.APPROVED, IssueState.SENDING}),
            asking.ask_send_now,
            send_now,
            reaches_readers=True,
        ),
        Move(
            "withdraw",
            gettext_lazy("Withdraw approval"),
            "undo",
            frozenset({IssueState.APPROVED}),
            asking.ask_withdraw,
            withdraw,
        ),
        Move(
            "pause",
            gettext_lazy("Pause"),
            "pause",
            frozenset({IssueState.SENDING}),
            asking.ask_pause,
            pause,
        ),
        Move(
            "resume",
            gettext_lazy("Resume"),
            "play_arrow",
            frozenset({IssueState.PAUSED}),
            asking.ask_resume,
            resume,
            look="primary",
        ),
        Move(
            "cancel",
            gettext_lazy("Cancel issue"),
            "block",
            # A draft is deleted instead, which leaves its date free.
            frozenset({IssueState.APPROVED, IssueState.SENDING, IssueState.PAUSED}),
            asking.ask_cancel,
            cancel,
            look="danger",
        ),
        Move(
            "accept",
            gettext_lazy("Accept all suggestions"),
            "done_all",
            frozenset(set(IssueState) - {IssueState.CANCELLED, IssueState.SENT}),
            asking.ask_accept,
            accept,
            permissions=CHANGE,
        ),
    )
}
