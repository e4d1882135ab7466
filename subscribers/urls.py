"""Addresses of the readers' pages. Mails in inboxes hold them: they never change."""

from django.urls import URLPattern, URLResolver, path

from subscribers import views

app_name = "subscribers"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.subscribe, name="subscribe"),
    path("confirm/<str:token>", views.confirm, name="confirm"),
    path("choices/<str:token>", views.choices, name="choices"),
    path("u/<str:token>", views.unsubscribe, name="unsubscribe"),
]
