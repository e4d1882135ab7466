"""What stands around every page of the admin: the sidebar and the word where mail goes."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from config.mailers import leaves_house
from newsletter.models import Delivery

Item = Callable[..., dict[str, Any]]


def stylesheet(request: HttpRequest) -> str:
    """Return the address of our own style sheet."""
    return static("admin_desk.css")


def favicon(request: HttpRequest) -> str:
    """Return the address of the icon, which the public pages have too."""
    return static("favicon.svg")


def environment(request: HttpRequest) -> list[str] | None:
    """Say so where mail is kept on this machine, and nothing where it goes out."""
    if leaves_house():
        return None
    return [_("Mail stays here"), "warning"]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar's groups, each with what this user may see."""

    def item(title: str, icon: str, page: str, permission: str = "") -> dict[str, Any]:
        return entry(request, title, icon, f"admin:{page}", permission)

    mailers = "newsletter_mailerstate_changelist"
    return [
        {"items": [item(_("Desk"), "dashboard", "index")]},
        {"title": _("Publishing"), "items": [*publishing(item), deliveries_entry(request)]},
        {"title": _("Audience"), "items": audience(item)},
        {
            "title": _("House"),
            "items": [
                item(_("Staff"), "badge", "auth_user_changelist", "auth.view_user"),
                item(_("Roles"), "key", "auth_group_changelist", "auth.view_group"),
                item(_("Mailers"), "alt_route", mailers, "newsletter.view_mailerstate"),
            ],
        },
    ]


def publishing(item: Item) -> list[dict[str, Any]]:
    issues, paste = "newsletter_issue_changelist", "newsletter_issue_paste"
    return [
        item(_("Issues"), "newsmode", issues, "newsletter.view_issue"),
        item(_("New issue from text"), "content_paste", paste, "newsletter.add_issue"),
    ]


def audience(item: Item) -> list[dict[str, Any]]:
    readers, sources = "subscribers_subscriber_changelist", "subscribers_source_changelist"
    aliases = "newsletter_sourcealias_changelist"
    return [
        item(_("Readers"), "group", readers, "subscribers.view_subscriber"),
        item(_("Sources"), "rss_feed", sources, "subscribers.view_source"),
        item(_("Aliases"), "label", aliases, "newsletter.view_sourcealias"),
    ]


def entry(
    request: HttpRequest, title: str, icon: str, url_name: str, permission: str
) -> dict[str, Any]:
    """Return one entry; the theme leaves out those that the user may not see."""
    link = reverse(url_name)
    return {
        "title": title,
        "icon": icon,
        "link": link,
        "active": is_active(request.path, link),
        "permission": lambda _request: not permission or request.user.has_perm(permission),
    }


def is_active(path: str, link: str) -> bool:
    """Tell whether a page belongs to an entry: the first page and the paste box to their own."""
    alone = (reverse("admin:index"), reverse("admin:newsletter_issue_paste"))
    if path in alone or link in alone:
        return path == link
    return path.startswith(link)


def deliveries_entry(request: HttpRequest) -> dict[str, Any]:
    """Return the entry of the deliveries, with the number of doubtful ones if there are any."""
    item = entry(
        request,
        _("Deliveries"),
        "outgoing_mail",
        "admin:newsletter_delivery_changelist",
        "newsletter.view_delivery",
    )
    doubtful = Delivery.objects.doubtful().count()
    if doubtful:
        item |= {"badge": doubtful, "badge_variant": "warning"}
    return item
