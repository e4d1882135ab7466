"""What the choices on a form mean: the panel for the page's script, and the last issue."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from newsletter.content import IssueContent
from newsletter.foreseeing import choice_in, filtered, foresee, local_day
from newsletter.models import WebCopy
from newsletter.presenting import shown
from newsletter.previewing import choices_on, panel, sentence
from subscribers.choices import Choices
from subscribers.forms.choices import ChoicesForm
from subscribers.links import absolute


# It stores nothing and tells nothing of anybody, so there is nothing to forge.
@csrf_exempt
@require_POST
@never_cache
def preview(request: HttpRequest) -> HttpResponse:
    """Return the panel for the form's fields, or with ``show=issue`` the last issue, as a page.

    Choices that are not complete are no error here: panel and page say what is missing.
    """
    form = ChoicesForm(request.POST)
    if request.POST.get("show") == "issue":
        return last_issue(request, choices_on(form))
    return render(request, "newsletter/choice_preview.html", panel(form, timezone.now()))


def last_issue(request: HttpRequest, choices: Choices) -> HttpResponse:
    """Show the last issue as a reader with these choices would have received it."""
    now = timezone.now()
    outlook = foresee(choices, now=now)
    copy = None
    if outlook.last and outlook.is_complete:
        copies = WebCopy.objects.select_related("issue")
        copy = copies.filter(pk=outlook.last.copy_id).first()
    if copy is None:
        return render(request, "newsletter/preview_nothing.html", {"sentence": sentence(outlook)})
    choice = choice_in(choices, local_day(now))
    context = {
        **shown(filtered(IssueContent.from_json(copy.content), choice)),
        "issue": copy.issue,
        "share_url": absolute(reverse("newsletter:issue", args=[copy.issue.slug])),
        "last": outlook.last,
    }
    return render(request, "newsletter/preview_issue.html", context)
