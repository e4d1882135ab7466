"""What tests of the admin share: who is logged in, and forms as a browser would send them."""

from django.contrib.auth.models import Permission, User
from django.urls import reverse
from lxml import html


def make_staff(*permissions, name="writer"):
    """Make somebody who may enter the admin, with permissions given as app.codename."""
    user = User.objects.create_user(name, password="made up", is_staff=True)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    return user


WRITER = [
    "newsletter.view_issue",
    "newsletter.add_issue",
    "newsletter.change_issue",
    "newsletter.delete_issue",
    *(
        f"newsletter.{verb}_{row}"
        for verb in ("view", "add", "change", "delete")
        for row in ("story", "thread")
    ),
]


def issue_page(issue):
    return reverse("admin:newsletter_issue_change", args=[issue.pk])


def move_page(issue, name):
    return reverse("admin:newsletter_issue_move", args=[issue.pk, name])


def form_of(response, form_id="issue_form"):
    """Return what a browser would send of a page's form, untouched."""
    form = html.fromstring(response.content.decode()).get_element_by_id(form_id)
    values: dict[str, list[str]] = {}
    for name, value in form.form_values():
        values.setdefault(name, []).append(value)
    return values


def text_of(response):
    """Return what can be read on a page, with single spaces."""
    tree = html.fromstring(response.content.decode())
    return " ".join(tree.text_content().split())
