"""Sources with the labels that stand for them."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from config.admin_theme import ModelAdmin, TabularInline, display, moment
from newsletter.models import SourceAlias
from newsletter.models.issues import HEADLINE_MAX_LENGTH, folded
from newsletter.publishing import publish_credited
from subscribers.merging import merge, runs_in_circle
from subscribers.models import Source

if TYPE_CHECKING:
    SourceModelForm = forms.ModelForm[Source]
    AliasModelForm = forms.ModelForm[SourceAlias]
    AliasRowFormSet = forms.BaseInlineFormSet[SourceAlias, Source, Any]
else:
    SourceModelForm = AliasModelForm = forms.ModelForm
    AliasRowFormSet = forms.BaseInlineFormSet


# What by-lines in the archive say of a source.
NAMING = frozenset({"name", "company", "merged_into"})


class SourceForm(SourceModelForm):
    """A source; merging it is refused in words where it would run in a circle."""

    def clean_merged_into(self) -> Source | None:
        target: Source | None = self.cleaned_data["merged_into"]
        if target is None or not self.instance.pk:
            return target
        if target == self.instance:
            raise ValidationError(_("A source cannot be merged into itself."))
        if runs_in_circle(self.instance, target):
            raise ValidationError(
                _(
                    "%(target)s was merged into this source, so this one cannot be merged into "
                    "it. Take that merger back first."
                )
                % {"target": target.name}
            )
        return target


class AliasForm(AliasModelForm):
    """A label; two that differ in case or quotes alone are the same one."""

    class Meta:
        model = SourceAlias
        fields = ["label", "source"]

    def clean_label(self) -> str:
        label = str(self.cleaned_data["label"])
        if len(folded(label)) > HEADLINE_MAX_LENGTH:
            raise ValidationError(_("The label is too long."))
        return label

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        # A row on a source's page has its source from there.
        source = cleaned.get("source") or (self.instance.source_id and self.instance.source)
        if source and source.pk and cleaned.get("label"):
            same = source.aliases.filter(folded=folded(cleaned["label"]))
            if same.exclude(pk=self.instance.pk).exists():
                self.add_error("label", already_there(cleaned["label"]))
        return cleaned


class AliasFormSet(AliasRowFormSet):
    """The labels of one source, none of them twice."""

    def clean(self) -> None:
        super().clean()
        seen: set[str] = set()
        for form in self.forms:
            label = form.cleaned_data.get("label") if hasattr(form, "cleaned_data") else None
            if not label or form in self.deleted_forms:
                continue
            if folded(label) in seen:
                form.add_error("label", already_there(label))
            seen.add(folded(label))


def already_there(label: str) -> str:
    return gettext(
        "“%(label)s” stands for this source already; case and quotes make no difference."
    ) % {"label": label}


class AliasInline(TabularInline[SourceAlias, Source]):
    model = SourceAlias
    form = AliasForm
    formset = AliasFormSet
    fields = ["label"]
    extra = 0
    hide_title = True

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "label":
            # In the table the field has no label but its column's head.
            field.widget.attrs["aria-label"] = _("Label")
        return field


@admin.register(Source)
class SourceAdmin(ModelAdmin[Source]):
    """What readers can follow. A source is retired or merged, never deleted: old issues keep it."""

    form = SourceForm
    list_display = ["name", "company", "standing", "story_count", "reader_count"]
    list_filter = [("retired_at", admin.EmptyFieldListFilter)]
    list_select_related = ["merged_into"]
    list_per_page = 100
    search_fields = ["name", "company", "slug", "aliases__label"]
    search_help_text = _("Name, company or alias")
    ordering_field = "position"
    readonly_fields = ["retired"]
    inlines = [AliasInline]
    actions = ["retire", "offer_again"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "company", "homepage_url", "feed_url"]}),
        (_("Standing"), {"fields": ["merged_into", "retired", "position"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                stories_credited=Count("credits", distinct=True),
                readers_following=Count("readers", distinct=True),
            )
        )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "position":
            # In the list the field has no label but its column's head.
            field.widget.attrs["aria-label"] = _("Position")
        return field

    def get_readonly_fields(self, request: HttpRequest, obj: Source | None = None) -> list[str]:
        return ["slug", "retired"] if obj else ["retired"]

    def get_prepopulated_fields(
        self, request: HttpRequest, obj: Source | None = None
    ) -> dict[str, Sequence[str]]:
        return {} if obj else {"slug": ["name"]}

    def has_delete_permission(self, request: HttpRequest, obj: Source | None = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Source, form: "ModelForm[Source]", change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        if "merged_into" in form.changed_data:
            merge(obj, obj.merged_into)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        # After the labels of the page: the old name may have been typed among them.
        if change and "name" in form.changed_data:
            keep_old_name(form.instance, form.initial["name"])
        if change and NAMING.intersection(form.changed_data):
            renew_bylines(form.instance, form.initial["merged_into"])

    @display(
        description=_("standing"),
        label={"offered": "default", "merged": "info", "retired": "warning"},
    )
    def standing(self, source: Source) -> tuple[str, str]:
        if source.merged_into:
            return "merged", str(_("merged into %s") % source.merged_into)
        if source.retired_at:
            return "retired", str(_("retired"))
        return "offered", str(_("offered"))

    @display(description=_("off the form since"))
    def retired(self, source: Source) -> str:
        return moment(source.retired_at)

    @display(description=_("stories"), ordering="stories_credited")
    def story_count(self, source: Any) -> int:
        return int(source.stories_credited)

    @display(description=_("followed by"), ordering="readers_following")
    def reader_count(self, source: Any) -> int:
        return int(source.readers_following)

    @admin.action(description=_("Retire: off the form, kept in old issues"))
    def retire(self, request: HttpRequest, queryset: QuerySet[Source]) -> None:
        count = queryset.filter(retired_at=None).update(retired_at=timezone.now())
        self.message_user(
            request,
            ngettext("%(count)s source retired.", "%(count)s sources retired.", count)
            % {"count": count},
        )

    @admin.action(description=_("Offer again"))
    def offer_again(self, request: HttpRequest, queryset: QuerySet[Source]) -> None:
        count = queryset.exclude(retired_at=None).update(retired_at=None)
        self.message_user(
            request,
            ngettext(
                "%(count)s source is offered again.", "%(count)s sources are offered again.", count
            )
            % {"count": count},
        )


def renew_bylines(source: Source, former_target: int | None) -> None:
    """Let the archive name a source as it is called now, as soon as that is committed.

    Whoever sends or publishes meanwhile must not wait for this transaction, nor it for them.
    """
    named = [pk for pk in (source.pk, former_target) if pk is not None]
    renew = partial(publish_credited, named, now=timezone.now())
    transaction.on_commit(renew, robust=True)


def keep_old_name(source: Source, old_name: str) -> None:
    """Let a renamed source answer to its old name too, so that old digests are attributed."""
    SourceAlias.objects.get_or_create(
        folded=folded(old_name), source=source, defaults={"label": old_name}
    )


@admin.register(SourceAlias)
class AliasAdmin(ModelAdmin[SourceAlias]):
    form = AliasForm
    list_display = ["label", "source"]
    list_select_related = ["source"]
    search_fields = ["label", "source__name"]
    list_per_page = 100
