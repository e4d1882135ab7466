"""Doubtful messages of an issue, looked up in the mail server's log and settled by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from newsletter.models import Delivery, Issue
from newsletter.settling.logs import PROOF, Evidence, Log
from newsletter.states import DeliveryState
from newsletter.tracking import Reconciled, reconcile


class Doubt(NamedTuple):
    """Which mailer may have a message, and the token of the claim that left it doubtful."""

    mailer: str
    token: UUID | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a log says of the messages of an issue that were doubtful before it was read."""

    doubtful: dict[UUID, Doubt]
    evidence: dict[UUID, Evidence]

    def took(self, row: Delivery, mailer: str | None = None) -> bool | None:
        """Tell whether the server took a message; None where the log does not decide it.

        False says that there is no trace of it, which proves something in a whole log only, and
        of messages for the ``mailer`` whose log it is. What became doubtful while the log was
        read, for the first time or anew, is not decided by it.
        """
        evidence = self.evidence.get(row.uid)
        if evidence in PROOF:
            return True
        doubt = self.doubtful.get(row.uid)
        if evidence or doubt is None or doubt.token != row.token:
            return None
        return None if mailer is not None and doubt.mailer != mailer else False

    @property
    def counts(self) -> Counter[Evidence | None]:
        """Count messages by what was found; None stands for those without a trace."""
        return Counter(self.evidence.get(uid) for uid in self.doubtful)


def look_up(issue: Issue, lines: Iterable[bytes]) -> Found:
    """Read a log for what it says of an issue's doubtful messages; changes nothing."""
    rows = Delivery.objects.doubtful().filter(issue=issue)
    doubtful = {
        uid: Doubt(mailer, token)
        for uid, mailer, token in rows.values_list("uid", "mailer", "token")
    }
    log = Log(doubtful)
    for line in lines:
        log.read(line)
    return Found(doubtful, log.evidence())


def settle_by_log(
    issue: Issue, found: Found, *, complete: bool, now: datetime, mailer: str | None = None
) -> Reconciled:
    """Settle an issue's doubtful messages by what a log says.

    With ``complete`` the operator vouches that the log covers the whole time of the issue: what
    the mailer may have, or any mailer without one, and has left no trace there was not taken,
    and is sent again where the issue still goes out.
    """
    absent = DeliveryState.PENDING if complete else None
    return reconcile(issue.pk, lambda row: found.took(row, mailer), now=now, absent=absent)
