"""How often something may be done in an hour: counters in the database, by fixed windows.

Fixed windows let twice the limit through around a full hour, and cost one row a counter
instead of one a request. No visitor's address is stored: networks stand as an HMAC, whose
rows are removed once their hour is over.
"""

import math
from datetime import datetime, timedelta

from django.db.models import F

from subscribers.models import Quota
from subscribers.tokens import sign

WINDOW = timedelta(hours=1)


def network_key(network: str) -> str:
    """Return the key under which a network's requests are counted."""
    return "network:" + sign(b"broadsheet.network." + network.encode()).hex()


def spend(key: str, limit: int, *, now: datetime) -> int:
    """Count one more within this hour; return 0, or where the limit is reached, how long.

    That is in whole seconds, one at least, until the window ends. Any number of processes may
    spend at once, and together they get no more than the limit. A refusal writes nothing.
    """
    began = now.replace(minute=0, second=0, microsecond=0)
    left = math.ceil((began + WINDOW - now).total_seconds())
    rows = Quota.objects.filter(key=key, window=began)
    count = rows.values_list("count", flat=True).first()
    if count is None:
        Quota.objects.bulk_create([Quota(key=key, window=began)], ignore_conflicts=True)
    elif count >= limit:
        return left
    granted = rows.filter(count__lt=limit).update(count=F("count") + 1)
    return 0 if granted else left
