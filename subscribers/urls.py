"""Addresses of the readers' pages. Mails in inboxes hold them: they never change."""

from django.urls import URLPattern, URLResolver, path

from subscribers.views import door, rooms

app_name = "subscribers"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", door.subscribe, name="subscribe"),
    path("confirm/<str:token>", rooms.confirm, name="confirm"),
    path("choices/<str:token>", rooms.choices, name="choices"),
    path("u/<str:token>", rooms.unsubscribe, name="unsubscribe"),
]
