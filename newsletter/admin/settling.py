"""The page that asks before an operator settles messages by hand, and does it when answered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.admin_theme import grouped
from newsletter import settling
from newsletter.models import Delivery
from newsletter.settling import Answer

PERMISSION = "newsletter.send_issue"
Action = Callable[[Any, HttpRequest, QuerySet[Delivery]], HttpResponse | None]


@dataclass(frozen=True, slots=True)
class Settlement:
    """One thing that an operator may say: its button, the sentence that asks, and what it did."""

    name: str
    answer: Answer
    label: str | Promise
    ask: Callable[[int], str]
    told: Callable[[int], str]
    look: str = "primary"


def numbered(text: str, count: int) -> str:
    return text % {"count": grouped(count)}


def ask_arrived(count: int) -> str:
    return numbered(
        ngettext(
            "%(count)s doubtful message is written down as sent.",
            "%(count)s doubtful messages are written down as sent.",
            count,
        ),
        count,
    )


def ask_not_arrived(count: int) -> str:
    return numbered(
        ngettext(
            "%(count)s doubtful message is written down as failed. It is not sent again, unless "
            "you choose “Try again” afterwards.",
            "%(count)s doubtful messages are written down as failed. They are not sent again, "
            "unless you choose “Try again” afterwards.",
            count,
        ),
        count,
    )


def ask_send_again(count: int) -> str:
    return numbered(
        ngettext(
            "%(count)s message is sent again, although it may have arrived: its reader may get it "
            "twice. If you have the mail server’s log, settle it by that instead, with "
            "./run settle_deliveries.",
            "%(count)s messages are sent again, although they may have arrived: their readers may "
            "get them twice. If you have the mail server’s log, settle them by that instead, with "
            "./run settle_deliveries.",
            count,
        ),
        count,
    )


def ask_try_again(count: int) -> str:
    return numbered(
        ngettext(
            "%(count)s message that failed is sent once more, as if it had not been tried yet.",
            "%(count)s messages that failed are sent once more, as if they had not been tried yet.",
            count,
        ),
        count,
    )


def told_settled(count: int) -> str:
    return numbered(
        ngettext("%(count)s message was settled.", "%(count)s messages were settled.", count), count
    )


def told_again(count: int) -> str:
    return numbered(
        ngettext(
            "%(count)s message goes out within a minute, or when its issue is resumed.",
            "%(count)s messages go out within a minute, or when their issue is resumed.",
            count,
        ),
        count,
    )


SETTLEMENTS = (
    Settlement("arrived", Answer.ARRIVED, gettext_lazy("It arrived"), ask_arrived, told_settled),
    Settlement(
        "not_arrived",
        Answer.NOT_ARRIVED,
        gettext_lazy("It did not arrive"),
        ask_not_arrived,
        told_settled,
    ),
    Settlement(
        "send_again",
        Answer.SEND_AGAIN,
        gettext_lazy("Send again"),
        ask_send_again,
        told_again,
        look="danger",
    ),
    Settlement("try_again", Answer.TRY_AGAIN, gettext_lazy("Try again"), ask_try_again, told_again),
)


def settlements_for(request: HttpRequest, delivery: Delivery) -> list[Settlement]:
    """Return what this user may say of a message now."""
    if not request.user.has_perm(PERMISSION):
        return []
    row = Delivery.objects.filter(pk=delivery.pk)
    return [one for one in SETTLEMENTS if settling.fitting(one.answer, row).exists()]


def action_of(settlement: Settlement) -> Action:
    """Make the action of the list: it asks, and does it when its own page comes back."""

    # The stubs have a lazy string of their own.
    @admin.action(description=settlement.label, permissions=["settle"])  # type: ignore[arg-type]
    def act(
        model_admin: Any, request: HttpRequest, queryset: QuerySet[Delivery]
    ) -> HttpResponse | None:
        return settle(model_admin, request, queryset, settlement)

    act.__name__ = settlement.name
    return act


def settle(
    model_admin: Any, request: HttpRequest, rows: QuerySet[Delivery], settlement: Settlement
) -> HttpResponse | None:
    """Ask about those of the chosen rows that it fits, or do it; None goes back to the list."""
    # Without the list's order and joins, which cannot be locked.
    chosen = Delivery.objects.filter(pk__in=rows.order_by().values("pk"))
    fitting = settling.fitting(settlement.answer, chosen).count()
    if not fitting:
        messages.warning(request, nothing_to_settle(settlement))
        return None
    if "settled" not in request.POST:
        return asked(model_admin, request, chosen.count(), fitting, settlement)
    now, by = timezone.now(), request.user.get_username()
    done = settling.settle(settlement.answer, chosen, by=by, now=now)
    messages.success(request, settlement.told(done))
    return None


def nothing_to_settle(settlement: Settlement) -> str:
    return _(
        "Nothing was done: “%(answer)s” fits none of these messages, or none any more. Only of "
        "doubtful messages can you say whether they arrived, or have them sent again; only failed "
        "ones can be tried again; nothing of a closed issue is sent."
    ) % {"answer": settlement.label}


def asked(
    model_admin: Any, request: HttpRequest, chosen: int, fitting: int, settlement: Settlement
) -> HttpResponse:
    left = chosen - fitting
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.model._meta,
        "title": settlement.label,
        "settlement": settlement,
        "question": settlement.ask(fitting),
        "left_out": left
        and numbered(
            ngettext(
                "%(count)s other message that you chose stays as it is: this cannot be said of it.",
                "%(count)s other messages that you chose stay as they are: this cannot be said of "
                "them.",
                left,
            ),
            left,
        ),
        "selected_name": ACTION_CHECKBOX_NAME,
        # With “all that are found” the page need not name them.
        "across": request.POST.get("select_across", "0"),
        "selected": chosen_keys(request),
        "back": request.get_full_path(),
    }
    return TemplateResponse(request, "newsletter/admin/settle.html", context)


def chosen_keys(request: HttpRequest) -> list[str]:
    """Return the keys to send back: one is enough where all that are found are meant."""
    keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
    return keys[:1] if request.POST.get("select_across") == "1" else keys
