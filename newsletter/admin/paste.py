"""The box for a digest's text: checked line by line before anything is stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from newsletter.parsing import Diagnostic
from newsletter.storing import Import, import_text

if TYPE_CHECKING:
    from newsletter.admin.issues import IssueAdmin

# The longest digest seen has 20 kB; a book is somebody's mistake.
MAX_TEXT_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class LineReport:
    """One diagnostic, with the text of its line."""

    line: int
    level: str
    message: str
    hint: str
    text: str


class PasteForm(forms.Form):
    text = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_TEXT_BYTES,
        label=gettext_lazy("Text"),
        widget=forms.Textarea(
            attrs={"rows": 24, "spellcheck": "false", "class": "desk-text", "dir": "auto"}
        ),
    )
    file = forms.FileField(
        required=False,
        label=gettext_lazy("or a file"),
        widget=forms.FileInput(attrs={"accept": ".md,.markdown,.txt,.html,.htm,text/*"}),
    )
    accept_suggestions = forms.BooleanField(
        required=False, label=gettext_lazy("Accept all suggested sources")
    )

    def clean_file(self) -> str:
        """Return the file's text; raise ValidationError for what is no text of ours."""
        file = self.cleaned_data["file"]
        if not file:
            return ""
        if file.size > MAX_TEXT_BYTES:
            raise ValidationError(
                _("The file has %(size)s kB; a digest has at most %(most)s. Choose another one.")
                % {"size": file.size // 1000, "most": MAX_TEXT_BYTES // 1000}
            )
        try:
            text = str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError as exc:
            raise ValidationError(
                _("%(name)s is no UTF-8 text: byte %(byte)s. Save it as UTF-8 and try again.")
                % {"name": file.name, "byte": exc.start}
            ) from exc
        if "\x00" in text:
            raise ValidationError(_("%(name)s is a binary file, not a text.") % {"name": file.name})
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            # What is sent on is one text: a chosen file replaces what stands in the box.
            cleaned["text"] = (cleaned.get("file") or cleaned.get("text") or "").replace(
                "\r\n", "\n"
            )
            if not cleaned["text"].strip():
                self.add_error("text", _("Paste a digest's text, or choose a file."))
        return cleaned


def reports(text: str, diagnostics: Iterable[Diagnostic]) -> list[LineReport]:
    """Join each diagnostic with the line that it is about; lines count from 1."""
    lines = text.split("\n")
    return [
        LineReport(
            line=found.line,
            level=found.level,
            message=found.message,
            hint=found.hint,
            text=lines[found.line - 1].strip() if 0 < found.line <= len(lines) else "",
        )
        for found in diagnostics
    ]


def context_for(request: HttpRequest, form: PasteForm, model_admin: "IssueAdmin") -> dict[str, Any]:
    """Read the text without storing anything, and return what the page says about it."""
    if not form.is_bound or not form.is_valid():
        return {"reports": None}
    text = form.cleaned_data["text"]
    found = import_text(
        text, accept_suggestions=form.cleaned_data["accept_suggestions"], dry_run=True
    )
    told = verdict(found, allowed=is_allowed(request, found, model_admin))
    return {"reports": reports(text, found.diagnostics), "verdict": told}


def is_allowed(request: HttpRequest, found: Import, model_admin: "IssueAdmin") -> bool:
    """Tell whether somebody who may add issues may also store this text."""
    return found.outcome != "updated" or model_admin.has_change_permission(request, found.issue)


def not_yours(found: Import) -> str:
    return _(
        "%(title)s is stored already, and you may not change it. Ask somebody who may, or an "
        "administrator."
    ) % {"title": found.issue.title if found.issue else ""}


def verdict(found: Import, *, allowed: bool) -> str:
    """Say what saving would do."""
    if not allowed:
        return not_yours(found)
    title = found.issue.title if found.issue else ""
    return {
        "created": _("Can be saved as a new draft."),
        "updated": _("Would update %(title)s, which is stored already."),
        "unchanged": _("%(title)s is stored already, exactly like this."),
        "refused": _("Cannot be saved before the errors are mended."),
    }[found.outcome] % {"title": title}


def paste_view(request: HttpRequest, model_admin: "IssueAdmin") -> HttpResponse:
    """Show the box; “Check” reads the text without storing it, “Save” stores it."""
    if not model_admin.has_add_permission(request):
        raise PermissionDenied
    form = PasteForm(request.POST, request.FILES) if request.method == "POST" else PasteForm()
    if "save" in request.POST and form.is_valid():
        stored = store(request, form, model_admin)
        if stored:
            return stored
    findings = context_for(request, form, model_admin)
    if request.headers.get("X-Requested-With") == "fetch":
        return TemplateResponse(request, "newsletter/admin/paste_reports.html", findings)
    if form.is_bound and form.is_valid():
        # The text of a chosen file moves into the box: browsers forget files.
        form = PasteForm(form.cleaned_data)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("New issue from text"),
        "form": form,
        **findings,
    }
    return TemplateResponse(request, "newsletter/admin/paste.html", context)


def store(request: HttpRequest, form: PasteForm, model_admin: "IssueAdmin") -> HttpResponse | None:
    """Store the text and lead to its issue, or return None where it was refused."""
    with transaction.atomic():
        stored = import_text(
            form.cleaned_data["text"], accept_suggestions=form.cleaned_data["accept_suggestions"]
        )
        allowed = is_allowed(request, stored, model_admin)
        transaction.set_rollback(not allowed)
    if not allowed:
        messages.error(request, _("Nothing was stored.") + " " + not_yours(stored))
        return None
    if stored.outcome == "refused" or stored.issue is None:
        messages.error(request, _("Nothing was stored. Mend the lines marked as errors."))
        return None
    told = {
        "created": _("%(title)s was stored as a draft."),
        "updated": _("%(title)s was updated."),
        "unchanged": _("%(title)s is stored already, exactly like this."),
    }[stored.outcome] % {"title": stored.issue.title}
    if stored.outcome == "created":
        model_admin.log_addition(request, stored.issue, told)
    elif stored.outcome == "updated":
        model_admin.log_change(request, stored.issue, told)
    messages.success(request, told)
    return redirect("admin:newsletter_issue_change", stored.issue.pk)
