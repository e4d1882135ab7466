"""What tests of the personal pages share: their paths, and what a request could change."""

from datetime import timedelta

from django.conf import settings
from django.test import Client
from django.urls import reverse

from subscribers.links import (
    address_url,
    choices_url,
    confirm_url,
    mute_url,
    token_of,
    unsubscribe_url,
)
from subscribers.models import AddressChange, ConsentEvent, Mute, SignUp, Subscriber
from subscribers.tokens import Purpose

DAY = timedelta(days=1)


def path(url):
    return url.removeprefix(settings.BASE_URL)


def choices_path(reader):
    return path(choices_url(reader))


def delete_path(reader):
    return reverse("subscribers:delete", args=[token_of(Purpose.CHOICES, reader)])


def mute_path(reader, *sources):
    token = token_of(Purpose.MUTE, reader)
    return path(mute_url(token, [source.pk for source in sources]))


def address_path(change):
    return path(address_url(change.pk))


def paths_of(reader, source):
    """Every personal page of a reader that changes something, by name."""
    change = reader.address_changes.last()
    return {
        "confirm": path(confirm_url(reader)),
        "choices": choices_path(reader),
        "delete": delete_path(reader),
        "daily": path(unsubscribe_url("daily", reader.pk)),
        "weekly": path(unsubscribe_url("weekly", reader.pk)),
        "mute": mute_path(reader, source),
        "address": address_path(change),
    }


def rows():
    """Everything about people, as it stands in the database."""
    tables = (
        Subscriber,
        Subscriber.sources.through,
        ConsentEvent,
        Mute,
        AddressChange,
        SignUp,
    )
    return [list(table.objects.order_by("pk").values()) for table in tables]


def press(url, **fields):
    """Post a form as a browser without cookies does."""
    return Client(enforce_csrf_checks=True).post(url, fields)
