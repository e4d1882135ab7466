"""Who may enter the admin, and what each may do there."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.admin_theme import (
    AdminPasswordChangeForm,
    CheckboxesWidget,
    GroupAdmin,
    UserAdmin,
    UserChangeForm,
    UserCreationForm,
    display,
    moment,
)

if TYPE_CHECKING:
    from django.contrib.auth.forms import UserChangeForm as BaseForm

    StaffFormBase = BaseForm[User]
else:
    StaffFormBase = UserChangeForm

admin.site.unregister(User)
admin.site.unregister(Group)


def remaining_superusers(without: QuerySet[User]) -> QuerySet[User]:
    """Return who could still do everything here if these were gone."""
    superusers = User.objects.filter(is_superuser=True, is_active=True)
    return superusers.exclude(pk__in=without.values("pk"))


class StaffForm(StaffFormBase):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        stays = cleaned.get("is_superuser", self.instance.is_superuser) and cleaned.get(
            "is_active", self.instance.is_active
        )
        this_one = User.objects.filter(pk=self.instance.pk)
        if not stays and not remaining_superusers(this_one).exists():
            raise ValidationError(
                _("This is the last active superuser. Make somebody else one first.")
            )
        return cleaned


@admin.register(User)
class StaffAdmin(UserAdmin[User]):
    form = StaffForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    filter_horizontal = ()
    list_display = ["username", "email", "is_active", "is_superuser", "seen_last"]

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Keep the last superuser: without one nobody could let anybody in again."""
        may = super().has_delete_permission(request, obj)
        if not may or obj is None or not obj.is_superuser:
            return may
        return remaining_superusers(User.objects.filter(pk=obj.pk)).exists()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Refuse a selection that leaves no superuser."""
        told, counts, lacking, protected = super().get_deleted_objects(objs, request)
        chosen = User.objects.filter(pk__in=[user.pk for user in objs])
        if not remaining_superusers(chosen).exists():
            protected = [*protected, gettext("the last active superuser, who stays")]
        return told, counts, lacking, protected

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(
            db_field, request, **kwargs, widget=CheckboxesWidget()
        )

    @display(description=_("last login"), ordering="last_login")
    def seen_last(self, user: User) -> str:
        return moment(user.last_login)


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    filter_horizontal = ()

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        return super().formfield_for_manytomany(
            db_field, request, **kwargs, widget=CheckboxesWidget()
        )
