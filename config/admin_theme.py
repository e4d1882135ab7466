"""The admin's base classes and widgets, for both applications.

Only this module names the theme (django-unfold), so that Django's own admin is a change
of these imports away. What is ours (templates/newsletter/admin, static/admin_desk.*) needs
little of the theme but its page frame.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.forms import DateInput, URLInput
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from unfold import admin as unfold_admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display as unfold_display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminTextInputWidget,
)

__all__ = [
    "AdminPasswordChangeForm",
    "AutocompleteSelectFilter",
    "CheckboxesWidget",
    "DateWidget",
    "GroupAdmin",
    "LookOnly",
    "ModelAdmin",
    "StackedInline",
    "TabularInline",
    "TextAreaWidget",
    "TextInputWidget",
    "URLInputWidget",
    "UserAdmin",
    "UserChangeForm",
    "UserCreationForm",
    "WrittenDown",
    "day",
    "display",
    "moment",
]

if TYPE_CHECKING:
    # The theme ships no types; its classes take what Django's take.
    from django.contrib.admin import ModelAdmin, StackedInline, TabularInline
    from django.contrib.auth.admin import GroupAdmin, UserAdmin
else:
    from django.contrib.auth import admin as auth_admin

    class Generic:
        """Let a class be written with its model, ``ModelAdmin[Issue]``, as the stubs have it."""

        def __class_getitem__(cls, _models: object) -> type:
            return cls

    class ModelAdmin(Generic, unfold_admin.ModelAdmin):
        pass

    class StackedInline(Generic, unfold_admin.StackedInline):
        pass

    class TabularInline(Generic, unfold_admin.TabularInline):
        pass

    class UserAdmin(Generic, auth_admin.UserAdmin, unfold_admin.ModelAdmin):
        pass

    class GroupAdmin(Generic, auth_admin.GroupAdmin, unfold_admin.ModelAdmin):
        pass


class LookOnly:
    """For rows that the stages alone make and move: an editor looks them up."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class WrittenDown:
    """For an inline of events: what was written down is read, and never added by hand."""

    extra = 0
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


# The admin's only way to write a moment, in templates too; T is the zone's abbreviation.
MOMENT_FORMAT = gettext_lazy("j F Y, H:i T")


DAY_FORMAT = gettext_lazy("j F Y")


def day(of: date | None) -> str:
    """Write a day, as ``moment`` does; None is a dash."""
    return date_format(of, str(DAY_FORMAT)) if of else "–"


def moment(at: datetime | None) -> str:
    """Write a moment in the publication's time zone, and name the zone; None is a dash."""
    return date_format(timezone.localtime(at), str(MOMENT_FORMAT)) if at else "–"


def grouped(count: int) -> str:
    """Write a count as the page's language groups thousands: 1,234 is 1.234 in German."""
    return number_format(count, force_grouping=True)


class DateWidget(DateInput):
    """The browser's own calendar, in the theme's clothes."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(attrs={"class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%d")


class URLInputWidget(URLInput):
    """A plain field for an address: Django's own repeats the address as a link."""

    def __init__(self) -> None:
        super().__init__(attrs={"class": " ".join(INPUT_CLASSES)})


CheckboxesWidget = UnfoldAdminCheckboxSelectMultipleWidget
TextAreaWidget = UnfoldAdminExpandableTextareaWidget
TextInputWidget = UnfoldAdminTextInputWidget


Shown = TypeVar("Shown", bound=Callable[..., Any])


def display(
    *,
    description: str | Promise,
    ordering: str | None = None,
    label: dict[str, str] | bool | None = None,
) -> Callable[[Shown], Shown]:
    """Mark a method as a column; ``label`` maps the first of its two values to a colour."""
    decorate: Callable[[Shown], Shown] = unfold_display(
        description=description, ordering=ordering, label=label
    )
    return decorate
