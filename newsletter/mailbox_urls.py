"""Addresses of the mailbox."""

from django.urls import path, re_path

from newsletter import mailbox_views
from newsletter.mailbox import NAME

app_name = "mailbox"

urlpatterns = [
    path("mailbox/", mailbox_views.letters, name="list"),
    re_path(rf"^mailbox/(?P<name>{NAME})/$", mailbox_views.letter, name="letter"),
    re_path(rf"^mailbox/(?P<name>{NAME})/html$", mailbox_views.frame, name="frame"),
]
