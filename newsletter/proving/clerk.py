"""The house's clerk: a process inside it that furnishes it and reads its ledger.

One line of JSON in, one line out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import UUID

from django.db import InterfaceError, InternalError, OperationalError, connections
from django.db.models import Count
from django.utils import timezone

from newsletter import steering, ticking
from newsletter.auditing import imbalances
from newsletter.models import Delivery, Issue
from newsletter.proving.furnishing import furnish
from newsletter.tracking import reconcile

# A database that was stopped has as many seconds to come back.
TRIES = 10


def the_issue() -> Issue:
    """Return the house's one issue."""
    return Issue.objects.get()


def tally() -> dict[str, int]:
    """Count rows by state."""
    counted = Delivery.objects.order_by().values_list("state").annotate(number=Count("pk"))
    return {str(state): number for state, number in counted}


def write_rows(path: str) -> int:
    """Write what became of every row into a file, and return how many there are."""
    rows = Delivery.objects.order_by("pk").values_list(
        "uid", "subscriber__email", "state", "reason"
    )
    count = 0
    with Path(path).open("w", encoding="utf-8") as file:
        for row in rows.iterator():
            file.write(json.dumps([str(value or "") for value in row]) + "\n")
            count += 1
    return count


def audit() -> list[str]:
    """Close the issue if its time has come, and say what its books have that must not be."""
    ticking.close_finished(timezone.now())
    return imbalances(the_issue())


def pause() -> float:
    """Pause the issue, and return when that was done, by this machine's clock."""
    steering.pause(the_issue(), "a trial")
    return monotonic()


def resume() -> float:
    steering.resume(the_issue(), now=timezone.now())
    return monotonic()


def settle_by_list(path: str) -> dict[str, int]:
    """Settle doubtful rows by the mail server's list, which is whole."""
    with Path(path).open(encoding="utf-8") as file:
        taken = {UUID(line.split()[1]) for line in file}
    before = Delivery.objects.doubtful().count()
    done = reconcile(the_issue().pk, lambda row: row.uid in taken, now=timezone.now())
    return {"before": before, "after": done.left}


DUTIES: Mapping[str, Callable[..., Any]] = {
    "furnish": furnish,
    "tally": tally,
    "write_rows": write_rows,
    "audit": audit,
    "pause": pause,
    "resume": resume,
    "settle_by_list": settle_by_list,
}


def answer(line: str) -> Any:
    """Do what a line asks for; a database that was stopped meanwhile is connected to again."""
    duty, *arguments = json.loads(line)
    for _ in range(TRIES - 1):
        try:
            return DUTIES[duty](*arguments)
        except (OperationalError, InterfaceError, InternalError):
            connections.close_all()
            sleep(1)
    return DUTIES[duty](*arguments)


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)
