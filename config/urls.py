"""Where every address leads."""

from django.contrib import admin
from django.urls import include, path

from newsletter.tracking import webhooks

handler400 = "config.errors.bad_request"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("anymail/", include((webhooks.patterns(), "anymail"))),
    path("", include("newsletter.mailbox_urls")),
    path("", include("newsletter.urls")),
    path("", include("subscribers.urls")),
]
