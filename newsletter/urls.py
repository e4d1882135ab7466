"""Addresses of the public archive. Mails and other sites link to them: they never change."""

from django.urls import URLPattern, URLResolver, path

from newsletter import views

app_name = "newsletter"

urlpatterns: list[URLPattern | URLResolver] = [
    path("archive/", views.archive, name="archive"),
    path("archive/<slug:slug>/", views.issue, name="issue"),
]
