"""Addresses of the readers' pages. Mails in inboxes hold them: they never change."""

from django.urls import URLPattern, URLResolver, path

from subscribers.views import choosing, confirming, door, leaving

app_name = "subscribers"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", door.subscribe, name="subscribe"),
    path("confirm/<str:token>", confirming.confirm, name="confirm"),
    path("choices/<str:token>", choosing.choices, name="choices"),
    path("u/<str:token>", leaving.unsubscribe, name="unsubscribe"),
]
