"""The ledger, to look up: who got what, and why somebody did not."""

import re
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.admin_theme import (
    AutocompleteSelectFilter,
    LookOnly,
    ModelAdmin,
    TabularInline,
    WrittenDown,
    display,
    moment,
)
from newsletter.admin.labels import BOUNCES, DELIVERY_LABELS, SKIP_REASONS, reason_text
from newsletter.admin.settling import PERMISSION, SETTLEMENTS, action_of, settlements_for
from newsletter.mailbox import NAME, SUFFIX
from newsletter.models import Delivery, DeliveryEvent
from newsletter.retrying import MISSED
from newsletter.states import DeliveryState

# The filter's word for all reasons that begin with MISSED.
REASON_MISSED = "missed"
# How the mailbox answers: the message is a file of its own.
KEPT_AS = re.compile(rf"kept as ({NAME}){re.escape(SUFFIX)}")
# What is of use where a message was tried more than once.
TRIALS = ["tries", "lost_workers", "held_until"]


class ReasonFilter(admin.SimpleListFilter):
    title = _("reason for no mail")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        codes = [(code, str(text)) for code, text in SKIP_REASONS.items()]
        return [*codes, (REASON_MISSED, gettext("missed: too late to be news"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Delivery]
    ) -> QuerySet[Delivery] | None:
        if self.value() == REASON_MISSED:
            return queryset.filter(state=DeliveryState.FAILED, reason__startswith=MISSED)
        return queryset.filter(reason=self.value()) if self.value() else None


class EventInline(WrittenDown, TabularInline[DeliveryEvent, Delivery]):
    model = DeliveryEvent
    verbose_name_plural = _("what was reported about it")
    fields = ["reported_at", "kind", "detail", "verdict"]
    readonly_fields = ["reported_at", "kind", "detail", "verdict"]

    @display(description=_("when"))
    def reported_at(self, event: DeliveryEvent) -> str:
        return moment(event.at)

    @display(description=_("what it says of the address"))
    def verdict(self, event: DeliveryEvent) -> str:
        return str(BOUNCES.get(event.bounce, "–"))


@admin.register(Delivery)
class DeliveryAdmin(LookOnly, ModelAdmin[Delivery]):
    """Looked at, not changed: planning makes the rows of the ledger, and sending moves them.

    What sending could not settle, an operator does.
    """

    list_display = ["reader", "issue", "state_label", "why", "due", "taken", "stories_in"]
    list_select_related = ["issue", "subscriber"]
    list_filter = ["state", ReasonFilter, ("issue", AutocompleteSelectFilter)]
    list_filter_submit = True
    # Counting a million rows for “of n” would cost more than the page.
    show_full_result_count = False
    search_fields = ["^subscriber__email", "=uid"]
    search_help_text = _("Beginning of a reader's address, or a message's number")
    ordering = ["-pk"]
    actions = [action_of(settlement) for settlement in SETTLEMENTS]
    change_form_outer_before_template = "newsletter/admin/heading.html"
    change_form_outer_after_template = "newsletter/admin/settle_bar.html"
    fieldsets = [
        (None, {"fields": ["issue_link", "reader_link", "standing", "why", "stories_in", "kept"]}),
        (_("Times"), {"fields": ["due", "until", "begun", "taken"]}),
        (_("For the operator"), {"fields": ["number", "content", "by", "answer", *TRIALS]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Delivery | None = None) -> list[str]:
        return flatten_fieldsets(self.fieldsets)

    def get_inlines(self, request: HttpRequest, obj: Delivery | None) -> list[Any]:
        return [EventInline] if obj and obj.events.exists() else []

    def has_settle_permission(self, request: HttpRequest) -> bool:
        """Let those settle messages who may send issues; Django asks by the actions' word."""
        return request.user.has_perm(PERMISSION)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).select_related("issue", "subscriber", "revision")

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Delivery | None = None,
    ) -> Any:
        if obj is not None:
            title = gettext("%(issue)s to %(reader)s") % {
                "issue": obj.issue.title,
                "reader": self.reader(obj),
            }
            # Without an original the path above the page ends before the message's number.
            context |= {"title": title, "subtitle": None, "original": "", "heading": title}
            # Nothing is ever changed here, so nothing stands in a history.
            context["show_history"] = False
            context |= {"original_pk": obj.pk, "settlements": settlements_for(request, obj)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    @display(description=_("reader"), ordering="subscriber__email")
    def reader(self, delivery: Delivery) -> str:
        return str(delivery.subscriber or _("(deleted)"))

    @display(description=_("issue"))
    def issue_link(self, delivery: Delivery) -> str:
        address = reverse("admin:newsletter_issue_change", args=[delivery.issue_id])
        return link(address, delivery.issue.title)

    @display(description=_("reader"))
    def reader_link(self, delivery: Delivery) -> str:
        if delivery.subscriber is None:
            return self.reader(delivery)
        address = reverse("admin:subscribers_subscriber_change", args=[delivery.subscriber.pk])
        return link(address, delivery.subscriber.email)

    @display(description=_("state"), ordering="state", label=DELIVERY_LABELS)
    def state_label(self, delivery: Delivery) -> tuple[str, str]:
        return delivery.state, delivery.get_state_display()

    @display(description=_("state"))
    def standing(self, delivery: Delivery) -> str:
        return str(delivery.get_state_display())

    @display(description=_("why"))
    def why(self, delivery: Delivery) -> str:
        return reason_text(delivery.reason)

    @display(description=_("stories in it"), ordering="stories")
    def stories_in(self, delivery: Delivery) -> str:
        return "–" if delivery.stories is None else str(delivery.stories)

    @display(description=_("message"))
    def kept(self, delivery: Delivery) -> str:
        name = KEPT_AS.fullmatch(delivery.reply)
        if name is None:
            return "–"
        return link(reverse("mailbox:letter", args=[name[1]]), gettext("Read it in the mailbox"))

    @display(description=_("due"), ordering="due_at")
    def due(self, delivery: Delivery) -> str:
        return moment(delivery.due_at)

    @display(description=_("not sent after"))
    def until(self, delivery: Delivery) -> str:
        return moment(delivery.deadline)

    @display(description=_("sending began"))
    def begun(self, delivery: Delivery) -> str:
        return moment(delivery.intent_at)

    @display(description=_("sent"), ordering="sent_at")
    def taken(self, delivery: Delivery) -> str:
        return moment(delivery.sent_at)

    @display(description=_("message number"))
    def number(self, delivery: Delivery) -> str:
        return str(delivery.uid)

    @display(description=_("content"))
    def content(self, delivery: Delivery) -> str:
        if delivery.revision is None:
            return "–"
        return gettext("revision %(number)s, variant %(variant)s") % {
            "number": delivery.revision.number,
            "variant": delivery.variant or "–",
        }

    @display(description=_("mailer"))
    def by(self, delivery: Delivery) -> str:
        return delivery.mailer or "–"

    @display(description=_("the mail server’s answer"))
    def answer(self, delivery: Delivery) -> str:
        return delivery.reply or "–"

    @display(description=_("attempts"))
    def tries(self, delivery: Delivery) -> str:
        return str(delivery.attempts)

    @display(description=_("workers that stopped while they had it"))
    def lost_workers(self, delivery: Delivery) -> str:
        return str(delivery.deaths)

    @display(description=_("in a worker’s hand until"))
    def held_until(self, delivery: Delivery) -> str:
        return moment(delivery.lease_until)


def link(address: str, words: str) -> SafeString:
    return format_html('<a class="desk-inline-link" href="{}">{}</a>', address, words)
