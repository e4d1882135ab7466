"""Addresses of the readers' pages. Mails in inboxes hold them: they never change."""

from django.urls import URLPattern, URLResolver, path

from subscribers.views import (
    choosing,
    confirming,
    deleting,
    door,
    door_json,
    language,
    leaving,
    moving,
    muting,
)

app_name = "subscribers"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", door.subscribe, name="subscribe"),
    path("subscribe.json", door_json.subscribe_json, name="subscribe_json"),
    path("embed/", door.embed, name="embed"),
    path("language/", language.language, name="language"),
    path("confirm/<str:token>", confirming.confirm, name="confirm"),
    path("choices/<str:token>", choosing.choices, name="choices"),
    path("choices/<str:token>/delete", deleting.delete, name="delete"),
    path("address/<str:token>", moving.address, name="address"),
    path("u/<str:token>", leaving.unsubscribe, name="unsubscribe"),
    path("f/<str:token>/<str:ids>", muting.mute, name="mute"),
]
