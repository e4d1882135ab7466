"""Where every address leads."""

from django.contrib import admin
from django.urls import include, path

handler400 = "config.errors.bad_request"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("newsletter.mailbox_urls")),
    path("", include("newsletter.urls")),
    path("", include("subscribers.urls")),
]
