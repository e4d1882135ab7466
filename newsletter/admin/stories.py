"""Stories and threads as rows of an issue's page: sortable, collapsible, credited."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.admin_theme import StackedInline, TextAreaWidget, TextInputWidget, URLInputWidget
from newsletter.admin.crediting import credit_story
from newsletter.admin.renderable import guard
from newsletter.models import Issue, Story, Thread
from newsletter.parsing.keys import unique_keys
from subscribers.models import Source

if TYPE_CHECKING:
    RowForm = forms.ModelForm[Any]
    RowFormSet = forms.BaseInlineFormSet[Any, Issue, Any]
else:
    RowForm = forms.ModelForm
    RowFormSet = forms.BaseInlineFormSet


def free_key(title: str, taken: Iterable[str]) -> str:
    """Return the key of a title that none of an issue's rows has yet."""
    used = set(taken)
    # One more than there are rows, so that one of them is free.
    return next(key for key in unique_keys([title] * (len(used) + 1)) if key not in used)


class KeyedFormSet(RowFormSet):
    """Rows that get their key when they are made, and stand in the order of the page."""

    titled_by = "headline"
    vanished = gettext_lazy("This story was deleted in another window. Copy its text, then reload.")

    def add_fields(self, form: RowForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["id"].error_messages["invalid_choice"] = self.vanished

    def save_new(self, form: RowForm, commit: bool = True) -> Any:
        rows = type(form.instance)._default_manager.filter(issue=self.instance)
        form.instance.key = free_key(
            form.cleaned_data[self.titled_by], rows.values_list("key", flat=True)
        )
        if not form.instance.position:
            last = rows.aggregate(last=Max("position"))["last"] or 0
            form.instance.position = last + 1
        return super().save_new(form, commit=commit)


class ThreadFormSet(KeyedFormSet):
    titled_by = "title"
    vanished = gettext_lazy(
        "This thread was deleted in another window. Copy its text, then reload."
    )


class StoryFormSet(KeyedFormSet):
    def save(self, commit: bool = True) -> Any:
        saved = super().save(commit=commit)
        for form in self.forms:
            if form.instance.pk and form not in self.deleted_forms and form.credits_changed:
                credit_story(
                    form.instance,
                    map(int, form.cleaned_data["credited"]),
                    confirm=form.cleaned_data["confirm"],
                )
        return saved

    @cached_property
    def catalogue(self) -> list[Source]:
        """All sources, read once for all rows; those off the form come last."""
        return sorted(Source.objects.all(), key=lambda source: bool(source.retired_at))

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "catalogue": self.catalogue}


class PositionedForm(RowForm):
    """A row that knows its place; the page writes it into a hidden field."""

    titled_by = "headline"
    position = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        guard(self, "body")

    def clean_position(self) -> int:
        return int(self.cleaned_data["position"] or self.instance.position)

    def row_title(self) -> str:
        """Return the row's title as it is typed, saved or not."""
        return str(self[self.titled_by].value() or "")

    def hidden_errors(self) -> list[str]:
        """Return the errors that stand at no field that can be seen."""
        hidden = [error for field in self.hidden_fields() for error in field.errors]
        return [*self.non_field_errors(), *hidden]


class StoryForm(PositionedForm):
    """A story, with the sources that it is credited to."""

    credited = forms.MultipleChoiceField(
        required=False, label=gettext_lazy("Sources"), widget=forms.CheckboxSelectMultiple
    )
    confirm = forms.BooleanField(required=False, label=gettext_lazy("The suggestions are right"))

    class Meta:
        model = Story
        fields = ["headline", "company", "url", "body", "unattributed", "position"]
        widgets = {
            "headline": TextInputWidget,
            "company": TextInputWidget,
            "url": URLInputWidget,
            "body": TextAreaWidget({"rows": 8, "dir": "auto"}),
            "unattributed": forms.CheckboxInput,
        }
        labels = {"url": gettext_lazy("Link"), "body": gettext_lazy("Text")}

    def __init__(self, *args: Any, catalogue: list[Source], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.catalogue = catalogue
        credits = list(self.instance.credits.all()) if self.instance.pk else []
        self.suggested = {credit.source_id for credit in credits if not credit.confirmed}
        self.credited_before = {str(credit.source_id) for credit in credits}
        self.fields["credited"].choices = [(source.pk, source.name) for source in catalogue]  # type: ignore[attr-defined]
        self.initial["credited"] = sorted(self.credited_before)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("unattributed") and cleaned.get("credited"):
            self.add_error(
                "unattributed",
                _("Choose either the sources, or that none of ours carried the story."),
            )
        return cleaned

    @property
    def credits_changed(self) -> bool:
        return bool({"credited", "confirm"} & set(self.changed_data))

    def sources(self) -> list[dict[str, Any]]:
        """Return the whole catalogue for the row's picker, and how this story relates to it."""
        chosen = {str(pk) for pk in self["credited"].value() or ()}
        return [
            {
                "pk": source.pk,
                "name": source.name,
                "chosen": str(source.pk) in chosen,
                "suggested": source.pk in self.suggested,
            }
            for source in self.catalogue
        ]


class ThreadForm(PositionedForm):
    titled_by = "title"

    class Meta:
        model = Thread
        fields = ["title", "body", "position"]
        widgets = {
            "title": TextInputWidget,
            "body": TextAreaWidget({"rows": 6, "dir": "auto"}),
        }


class StoryInline(StackedInline[Story, Issue]):
    model = Story
    form = StoryForm
    formset = StoryFormSet
    template = "newsletter/admin/rows.html"
    row_template = "newsletter/admin/story_row.html"
    row_note_template = "newsletter/admin/story_note.html"
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Story]:
        return super().get_queryset(request).prefetch_related("credits__source")


class ThreadInline(StackedInline[Thread, Issue]):
    """A weekly's developing threads."""

    model = Thread
    form = ThreadForm
    formset = ThreadFormSet
    template = "newsletter/admin/rows.html"
    row_template = "newsletter/admin/thread_row.html"
    verbose_name = gettext_lazy("thread")
    verbose_name_plural = gettext_lazy("developing threads")
    extra = 0
