"""Mailers, to look up: what each may be given, whether it works, and why not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from config.admin_theme import LookOnly, ModelAdmin, day, grouped, moment
from newsletter import mailers
from newsletter.mailers import Mailer
from newsletter.models import MailerState
from newsletter.rates import days

LIST = "newsletter_mailerstate_changelist"
VIEW = "newsletter.view_mailerstate"
# Whoever may send issues is who gets them going again.
WAKE = "newsletter.send_issue"


@dataclass(frozen=True, slots=True)
class Line:
    """What the page says about one mailer; ``look`` is the badge's colour."""

    name: str
    backend: str
    share: str
    today: str
    limits: tuple[str, ...]
    state: str
    look: str
    reason: str
    is_open: bool


def lines(now: datetime) -> Iterator[Line]:
    """Describe the mailers of the settings, in their order."""
    found = mailers.configured()
    states = {state.name: state for state in MailerState.objects.all()}
    whole = sum(mailer.share for mailer in found)
    for mailer in found:
        state = states.get(mailer.name, MailerState(name=mailer.name))
        words, look = standing(state, now)
        yield Line(
            name=mailer.name,
            backend=short(mailer.backend),
            share=share_of(mailer, whole),
            today=begun_today(mailer, state, now),
            limits=tuple(limits_of(mailer)),
            state=words,
            look=look,
            reason=state.reason,
            is_open=look != "success",
        )


def standing(state: MailerState, now: datetime) -> tuple[str, str]:
    """Say in words whether a mailer works, and how bad that is."""
    if state.needs_operator:
        return _("needs an operator"), "danger"
    if state.rests_until is None:
        return _("works"), "success"
    if state.rests_until <= now:
        return _("is tried with the next message"), "warning"
    return _("rests until %(moment)s") % {"moment": moment(state.rests_until)}, "warning"


def short(backend: str) -> str:
    """Return what tells a backend from others: ``postmark``, ``SMTP``, ``Mailbox``."""
    module, _dot, name = backend.rpartition(".")
    told = module.rpartition(".")[2] if name == "EmailBackend" else name.removesuffix("Backend")
    return "SMTP" if told.lower() == "smtp" else told


def share_of(mailer: Mailer, whole: int) -> str:
    if not mailer.share:
        return _("fallback")
    return _("%(share)s of %(whole)s") % {"share": mailer.share, "whole": whole}


def begun_today(mailer: Mailer, state: MailerState, now: datetime) -> str:
    """Say how much of a day's allowance is used; nothing where a day has none."""
    today = days.day_of(now)
    allowance = days.allowance(mailer, today)
    if allowance is None:
        return ""
    return _("%(begun)s of %(allowance)s") % {
        "begun": grouped(state.begun if state.day == today else 0),
        "allowance": grouped(allowance),
    }


def limits_of(mailer: Mailer) -> Iterator[str]:
    if mailer.per_second:
        yield a_second(mailer.per_second)
    if mailer.per_day:
        yield ngettext("%(count)s message a day", "%(count)s messages a day", mailer.per_day) % {
            "count": grouped(mailer.per_day)
        }
    if plan := mailer.warm_up:
        yield _(
            "warming up from %(day)s: %(first)s on the first day, then each day %(growth)s "
            "times the day before"
        ) % {
            "day": day(plan.start),
            "first": grouped(plan.first_day),
            "growth": number_format(plan.growth),
        }
    for domain, rate in mailer.by_domain.items():
        yield _("to %(domain)s: %(rate)s") % {"domain": domain, "rate": a_second(rate)}


def a_second(rate: float) -> str:
    return _("%(rate)s a second") % {"rate": number_format(rate if rate % 1 else int(rate))}


@admin.register(MailerState)
class MailerAdmin(LookOnly, ModelAdmin[MailerState]):
    """Read only: the settings say which mailers there are, and workers how they fare."""

    def get_urls(self) -> list[URLPattern]:
        return [
            path("", self.admin_site.admin_view(self.list_view), name=LIST),
            path(
                "<slug:name>/wake/",
                self.admin_site.admin_view(require_POST(self.wake_view)),
                name="newsletter_mailerstate_wake",
            ),
        ]

    def list_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": _("Mailers"),
            "lines": list(lines(timezone.now())),
            "may_wake": request.user.has_perm(WAKE),
        }
        return TemplateResponse(request, "newsletter/admin/mailers.html", context)

    def wake_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Let a mailer be tried again at once, and say so."""
        if not (self.has_view_permission(request) and request.user.has_perm(WAKE)):
            raise PermissionDenied
        if name not in {mailer.name for mailer in mailers.configured()}:
            raise Http404(name)
        if mailers.wake(name):
            told = _("%(name)s is tried again within a minute.") % {"name": name}
            self.log_change(request, MailerState.objects.get(name=name), told)
            messages.success(request, told)
        else:
            messages.info(request, _("%(name)s works already.") % {"name": name})
        return redirect(f"admin:{LIST}")
