"""How often something may be done in an hour or a day: counters in the database.

Fixed windows let twice the limit through around their end, and cost one row a counter
instead of one a request. No address is stored, neither a visitor's nor a mailbox's: each
stands as an HMAC, whose rows are removed once their window is over.
"""

import math
from datetime import UTC, datetime, timedelta

from django.db.models import F

from subscribers.models import Quota
from subscribers.tokens import sign

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# Windows begin at whole multiples since then: hours and days are UTC's.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def network_key(network: str) -> str:
    """Return the key under which a network's requests are counted."""
    return "network:" + sign(b"broadsheet.network." + network.encode()).hex()


def mailbox_key(mailbox: str) -> str:
    """Return the key under which mails that strangers cause to a mailbox are counted."""
    return "mailbox:" + sign(b"broadsheet.mailbox." + mailbox.encode()).hex()


def spend(key: str, limit: int, *, now: datetime, window: timedelta = HOUR) -> int:
    """Count one more within this window; return 0, or where the limit is reached, how long.

    That is in whole seconds, one at least, until the window ends. Any number of processes may
    spend at once, and together they get no more than the limit. A refusal writes nothing.
    """
    began = now - (now - EPOCH) % window
    left = math.ceil((began + window - now).total_seconds())
    rows = Quota.objects.filter(key=key, window=began)
    count = rows.values_list("count", flat=True).first()
    if count is None:
        Quota.objects.bulk_create([Quota(key=key, window=began)], ignore_conflicts=True)
    elif count >= limit:
        return left
    granted = rows.filter(count__lt=limit).update(count=F("count") + 1)
    return 0 if granted else left
