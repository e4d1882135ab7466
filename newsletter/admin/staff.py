"""Who may enter the admin, and what each may do there."""

from django.contrib import admin
from django.contrib.auth.models import Group, User

from config.admin_theme import (
    AdminPasswordChangeForm,
    GroupAdmin,
    UserAdmin,
    UserChangeForm,
    UserCreationForm,
)

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class StaffAdmin(UserAdmin[User]):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "email", "is_active", "is_superuser", "last_login"]


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    pass
