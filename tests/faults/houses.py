"""Faults in processes: the house of ``prove_delivery``, struck by faults of a test's choice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from newsletter.proving import house as building
from newsletter.proving.crews import Crew
from newsletter.proving.faults import Fault
from newsletter.proving.house import House, Staff
from newsletter.proving.proof import SQLITE, Proof, Proven, Wishes
from newsletter.proving.servers import Broker, Database, Folder, Sqlite
from newsletter.proving.soak import Soak

SEED = 1
# A message takes milliseconds here, and what a dead worker held is waited for.
CLAIM_LEASE_SECONDS = 2
INTENT_LEASE_SECONDS = 2
FREEZE_SECONDS = 3.5


@dataclass(frozen=True, slots=True)
class Struck:
    """How a house fared: the verdict, and the moments at which its mail server took messages."""

    proven: Proven
    moments: list[float]

    @property
    def faults_found(self) -> list[str]:
        return self.proven.faults_found


def strike(
    folder: Path,
    *faults: Fault,
    readers: int,
    staff: Staff,
    database: Callable[[Path], Database] = lambda folder: Sqlite(),
    broker: Callable[[Path], Broker] = Folder,
    before: Callable[[House, Crew], None] = lambda house, crew: None,
    restarts: bool = False,
) -> Struck:
    """Send to so many readers while faults strike, and compare; ``before`` is called at the start.

    Where faults make workers restart, the word to end may find one that hears no signals yet.
    """
    wishes = Wishes(readers, SEED, SQLITE, "", "", staff)
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(building, "CLAIM_LEASE_SECONDS", CLAIM_LEASE_SECONDS)
        patch.setattr(building, "INTENT_LEASE_SECONDS", INTENT_LEASE_SECONDS)
        patch.setattr(building, "FREEZE_SECONDS", FREEZE_SECONDS)
        ledger = stack.enter_context(database(folder))
        queue = stack.enter_context(broker(folder))
        house = stack.enter_context(House(folder, ledger, queue, staff))
        house.furnish(readers, SEED)
        house.open_mail_server(faults)
        crew = house.crew()
        before(house, crew)
        soak = Soak(house, crew, faults, seed=SEED)
        stack.callback(soak.taken.file.close)
        stack.callback(soak.struck_by_server.file.close)
        record = soak.run()
        record.ended_well |= restarts
        proven = Proof(wishes, folder).compare(house, record, crew, planned=len(faults))
        print("\n".join(proven.table()), proven.last_words, sep="\n")
        return Struck(proven, [message.at for message in house.messages()])
