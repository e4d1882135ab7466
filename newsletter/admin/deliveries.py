"""The ledger, to look up: who got what, and why somebody did not."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.admin_theme import AutocompleteSelectFilter, ModelAdmin, TabularInline, display
from newsletter.admin.labels import DELIVERY_LABELS, SKIP_REASONS, reason_text
from newsletter.models import Delivery, DeliveryEvent


class ReasonFilter(admin.SimpleListFilter):
    title = _("reason for no mail")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(code, str(text)) for code, text in SKIP_REASONS.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Delivery]
    ) -> QuerySet[Delivery] | None:
        return queryset.filter(reason=self.value()) if self.value() else None


class EventInline(TabularInline[DeliveryEvent, Delivery]):
    model = DeliveryEvent
    fields = ["at", "kind", "detail"]
    readonly_fields = ["at", "kind", "detail"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Delivery)
class DeliveryAdmin(ModelAdmin[Delivery]):
    """Read only: rows of the ledger are made by planning and moved by sending alone."""

    list_display = ["reader", "issue", "state_label", "why", "due_at", "sent_at", "stories"]
    list_select_related = ["issue", "subscriber"]
    list_filter = ["state", ReasonFilter, ("issue", AutocompleteSelectFilter)]
    list_filter_submit = True
    # Counting a million rows for “of n” would cost more than the page.
    show_full_result_count = False
    search_fields = ["^subscriber__email", "=uid"]
    search_help_text = _("Beginning of a reader's address, or a message's number")
    ordering = ["-pk"]
    inlines = [EventInline]
    fieldsets = [
        (None, {"fields": ["issue", "subscriber", "state_label", "why", "stories", "revision"]}),
        (
            _("Times"),
            {"fields": ["due_at", "intent_at", "sent_at", "lease_until", "deaths", "attempts"]},
        ),
        (_("Message"), {"fields": ["uid", "variant", "reply"]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Delivery | None = None) -> list[str]:
        return flatten_fieldsets(self.fieldsets)

    @display(description=_("reader"), ordering="subscriber__email")
    def reader(self, delivery: Delivery) -> str:
        return str(delivery.subscriber or _("(deleted)"))

    @display(description=_("state"), ordering="state", label=DELIVERY_LABELS)
    def state_label(self, delivery: Delivery) -> tuple[str, str]:
        return delivery.state, delivery.get_state_display()

    @display(description=_("why"))
    def why(self, delivery: Delivery) -> str:
        return reason_text(delivery.reason)
