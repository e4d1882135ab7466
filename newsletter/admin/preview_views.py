"""The addresses behind the preview pane. They change nothing, and take a POST only because a
form that is not yet saved is too long for an address."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin

from newsletter.admin.preview import Preview, content_from, for_screen, onlooker_from, preview_of
from newsletter.admin.security import POLICY_HEADER, PREVIEW_POLICY
from newsletter.models import Issue
from newsletter.rendering import RenderError
from subscribers.models import Subscriber

if TYPE_CHECKING:
    from newsletter.admin.issues import IssueAdmin

# A list under an input; more would not be read.
READERS_OFFERED = 10


def asked(request: HttpRequest, model_admin: "IssueAdmin", object_id: int) -> Issue:
    """Return the issue that a preview is wanted of, or refuse."""
    issue = get_object_or_404(Issue, pk=object_id)
    if not model_admin.has_view_permission(request, issue):
        raise PermissionDenied
    return issue


def may_see_readers(request: HttpRequest) -> bool:
    """Tell whether somebody may see readers' addresses, and what each chose."""
    return request.user.has_perm("subscribers.view_subscriber")


def preview_from(request: HttpRequest, issue: Issue) -> Preview:
    """Compose what a request asks to see of an issue; raises RenderError."""
    data = data_of(request)
    onlooker = onlooker_from(data, may_see_readers=may_see_readers(request))
    return preview_of(content_from(issue, data), onlooker)


def data_of(request: HttpRequest) -> QueryDict:
    return request.POST if request.method == "POST" else request.GET


@xframe_options_sameorigin
def mail_view(request: HttpRequest, object_id: int, model_admin: "IssueAdmin") -> HttpResponse:
    """Give the mail itself, for a frame: no script runs in it and nothing is loaded by it."""
    issue = asked(request, model_admin, object_id)
    data = data_of(request)
    try:
        preview = preview_from(request, issue)
    except RenderError as exc:
        page = notice(_("This cannot be made into a mail"), exc.reason, data)
    else:
        page = page_of(preview, data)
    return HttpResponse(page, headers={POLICY_HEADER: PREVIEW_POLICY, "Cache-Control": "no-store"})


def page_of(preview: Preview, data: QueryDict) -> str:
    if preview.composition.is_empty:
        return notice(
            _("No mail"),
            _("No story is left of these sources: this reader is skipped, and the books say why."),
            data,
        )
    dark = bool(data.get("dark"))
    if data.get("frame") == "text":
        context = {"text": preview.mail.text, "dark": dark}
        return render_to_string("newsletter/admin/preview_text.html", context)
    return for_screen(preview.mail.html, dark=dark)


def notice(title: str, reason: str, data: QueryDict) -> str:
    context = {"title": title, "reason": reason, "dark": bool(data.get("dark"))}
    return render_to_string("newsletter/admin/preview_notice.html", context)


def facts_view(request: HttpRequest, object_id: int, model_admin: "IssueAdmin") -> JsonResponse:
    """Give what stands around the mail: the inbox's line, how many stories, how large."""
    issue = asked(request, model_admin, object_id)
    try:
        preview = preview_from(request, issue)
    except RenderError as exc:
        return JsonResponse({"error": exc.reason})
    return JsonResponse(facts_of(preview))


def facts_of(preview: Preview) -> dict[str, Any]:
    """Return the lines around a previewed mail, in words."""
    subject, preheader = preview.content.subject, preview.preheader
    composition = preview.composition
    count = _("%(shown)s of %(total)s stories for %(whom)s") % {
        "shown": composition.shown,
        "total": composition.total,
        "whom": preview.onlooker.name,
    }
    if composition.is_empty:
        count = _("No story for %(whom)s: skipped") % {"whom": preview.onlooker.name}
    return {
        "subject": subject,
        "preheader": preheader,
        "counters": ngettext(
            "Subject %(count)s character, preheader %(more)s",
            "Subject %(count)s characters, preheader %(more)s",
            len(subject),
        )
        % {"count": len(subject), "more": len(preheader)},
        "stories": count,
        "size": _("%(size)s kB with every story") % {"size": preview.encoded_bytes // 1000},
        "empty": composition.is_empty,
    }


def readers_view(request: HttpRequest) -> JsonResponse:
    """Give the addresses that begin with what was typed, for the preview as one of them."""
    if not may_see_readers(request):
        raise PermissionDenied
    typed = request.GET.get("q", "").strip().lower()
    if not typed:
        return JsonResponse({"readers": []})
    found = Subscriber.objects.filter(email__startswith=typed).order_by("email")
    return JsonResponse({"readers": [reader.email for reader in found[:READERS_OFFERED]]})
