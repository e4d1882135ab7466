"""What tests of the front page's form share."""

import re
from datetime import timedelta

from django.utils import timezone

from subscribers.admission import make_stamp
from subscribers.models import ConsentEvent, Quota, SignUp, Subscriber

ADA = "ada@example.com"
GOOD = {"email": ADA, "wants_daily": "on", "wants_weekly": "on", "which": "all"}


def rows():
    """Everything about people that a request could change."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Subscriber, ConsentEvent, Subscriber.sources.through, SignUp)
    ]


NOTHING: list[list[object]] = [[], [], [], []]


def counted():
    """How many requests the gates let in within this hour."""
    return sum(Quota.objects.filter(key="sign-ups").values_list("count", flat=True))


def fields_on(page):
    """Return the form's hidden fields of a page, as a browser would send them."""
    hidden = re.findall(r'<input type="hidden"\s+name="([^"]*)"\s+value="([^"]*)"', page)
    found = {}
    for name, value in hidden:
        if name != "next":
            found.setdefault(name, []).append(value)
    return found


def stamped(seconds=10, **fields):
    return {**GOOD, "stamp": make_stamp(timezone.now() - timedelta(seconds=seconds)), **fields}
