"""Readers, to look up. Consent is theirs: nobody edits an address or a state by hand."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from config.admin_theme import (
    LookOnly,
    ModelAdmin,
    TabularInline,
    WrittenDown,
    day,
    display,
    moment,
)
from subscribers import subscribing, suppression
from subscribers.audience import today_of
from subscribers.models import AddressChange, ConsentEvent, Subscriber
from subscribers.muted import muted_by

STATE_LABELS = {
    Subscriber.State.PENDING.value: "default",
    Subscriber.State.ACTIVE.value: "success",
    Subscriber.State.UNSUBSCRIBED.value: "info",
    Subscriber.State.SUPPRESSED.value: "danger",
}


class ConsentInline(WrittenDown, TabularInline[ConsentEvent, Subscriber]):
    model = ConsentEvent
    verbose_name_plural = _("what the reader agreed to, and when")
    fields = ["when", "kind", "origin", "detail"]
    readonly_fields = ["when", "kind", "origin", "detail"]

    @display(description=_("when"))
    def when(self, event: ConsentEvent) -> str:
        return moment(event.at)


class AddressInline(WrittenDown, TabularInline[AddressChange, Subscriber]):
    model = AddressChange
    verbose_name_plural = _("addresses that the reader wanted to move to")
    fields = ["asked", "email", "done"]
    readonly_fields = ["asked", "email", "done"]

    @display(description=_("asked"))
    def asked(self, change: AddressChange) -> str:
        return moment(change.asked_at)

    @display(description=_("confirmed"))
    def done(self, change: AddressChange) -> str:
        return moment(change.done_at)


@admin.register(Subscriber)
class ReaderAdmin(LookOnly, ModelAdmin[Subscriber]):
    list_display = ["email", "state_label", "editions", "mix", "when", "pause"]
    list_filter = ["state", "suppression", "wants_daily", "wants_weekly", "all_sources"]
    list_filter_submit = True
    show_full_result_count = False
    search_fields = ["^email", "=uid"]
    search_help_text = _("Beginning of an address")
    ordering = ["-pk"]
    inlines = [ConsentInline, AddressInline]
    actions = ["unsubscribe", "lift"]
    fieldsets = [
        (None, {"fields": ["address", "standing", "mail_so_far"]}),
        (_("Choices"), {"fields": ["editions", "mix", "muted", "when", "pause", "tongue"]}),
        (_("Times"), {"fields": ["asked", "confirmed", "left"]}),
    ]

    def has_unsubscribe_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscribers.change_subscriber")

    @admin.action(
        description=_("Unsubscribe from everything, because they asked us to"),
        permissions=["unsubscribe"],
    )
    def unsubscribe(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> None:
        now = timezone.now()
        left = sum(
            subscribing.unsubscribe(pk, now=now, origin=ConsentEvent.Origin.ADMIN)
            for pk in queryset.values_list("pk", flat=True)
        )
        self.message_user(
            request,
            ngettext("%(count)s reader unsubscribed.", "%(count)s readers unsubscribed.", left)
            % {"count": left},
        )

    @admin.action(
        description=_("Lift the suppression, because the address is sound again"),
        permissions=["unsubscribe"],
    )
    def lift(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> None:
        now = timezone.now()
        lifted = sum(suppression.lift(pk, now=now) for pk in queryset.values_list("pk", flat=True))
        self.message_user(
            request,
            ngettext("%(count)s suppression lifted.", "%(count)s suppressions lifted.", lifted)
            % {"count": lifted},
        )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("sources")

    def get_readonly_fields(self, request: HttpRequest, obj: Subscriber | None = None) -> list[str]:
        return flatten_fieldsets(self.fieldsets)

    @display(description=_("state"), ordering="state", label=STATE_LABELS)
    def state_label(self, reader: Subscriber) -> tuple[str, str]:
        return reader.state, reader.get_state_display()

    @display(description=_("address"))
    def address(self, reader: Subscriber) -> str:
        return reader.email

    @display(description=_("state"))
    def standing(self, reader: Subscriber) -> str:
        standing = str(reader.get_state_display())
        if reader.suppression:
            return f"{standing}: {reader.get_suppression_display()}"
        return standing

    @display(description=_("language"))
    def tongue(self, reader: Subscriber) -> str:
        return str(dict(settings.LANGUAGES).get(reader.language, reader.language))

    @display(description=_("paused until"), ordering="paused_until")
    def pause(self, reader: Subscriber) -> str:
        return day(reader.paused_until)

    @display(description=_("first seen"))
    def asked(self, reader: Subscriber) -> str:
        return moment(reader.created_at)

    @display(description=_("confirmed"))
    def confirmed(self, reader: Subscriber) -> str:
        return moment(reader.confirmed_at)

    @display(description=_("left"))
    def left(self, reader: Subscriber) -> str:
        return moment(reader.left_at)

    @display(description=_("editions"))
    def editions(self, reader: Subscriber) -> str:
        editions = ((_("daily"), reader.wants_daily), (_("weekly"), reader.wants_weekly))
        return ", ".join(str(name) for name, wants in editions if wants) or str(_("none"))

    @display(description=_("sources"))
    def mix(self, reader: Subscriber) -> str:
        if reader.all_sources:
            return str(_("all"))
        return ", ".join(source.name for source in reader.sources.all()) or str(_("none"))

    @display(description=_("muted"))
    def muted(self, reader: Subscriber) -> str:
        today = today_of(reader, timezone.now())
        names = [
            _("%(source)s until %(day)s") % {"source": one.source.name, "day": day(one.until)}
            if one.until
            else _("%(source)s for good") % {"source": one.source.name}
            for one in muted_by(reader, today)
        ]
        return ", ".join(str(name) for name in names) or str(_("none"))

    @display(description=_("when"))
    def when(self, reader: Subscriber) -> str:
        return str(
            _("%(hour)02d:00 %(zone)s, weekly on %(day)s")
            % {
                "hour": reader.hour,
                "zone": reader.time_zone,
                "day": reader.get_weekday_display(),
            }
        )

    @display(description=_("mail"))
    def mail_so_far(self, reader: Subscriber) -> str:
        ledger = reverse("admin:newsletter_delivery_changelist")
        return format_html(
            '<a class="desk-inline-link" href="{}?{}">{}</a>',
            ledger,
            urlencode({"q": reader.email}),
            _("What this reader was sent"),
        )
