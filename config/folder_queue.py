"""The queue in a folder, for one machine without a broker; a killed process does not spoil it.

kombu's filesystem transport writes a message, and its table of queues, in place. A process
that is killed in that moment leaves half a file, over which every worker would stumble.
Losing such a message loses nothing: what is due stands in the database.
"""

import logging
import uuid
from contextlib import suppress
from pathlib import Path
from queue import Empty
from time import monotonic_ns, time
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

log = logging.getLogger(__name__)

# What a 64-bit count of nanoseconds can have.
DIGITS = 20


class Channel(filesystem.Channel):
    # kombu's own two signatures of it disagree.
    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Add a message as a whole: written under another name, then renamed."""
        # Taken in the order of names; the clock is one for all processes of the machine.
        name = f"{monotonic_ns():0{DIGITS}}_{uuid.uuid4()}.{queue}.msg"
        target = Path(self.data_folder_out) / name
        draft = target.with_suffix(".draft")
        try:
            draft.write_text(dumps(message), encoding="utf-8")
            draft.replace(target)
        except OSError as exc:
            raise ChannelError(f"Cannot add {target.name} to the queue: {exc.strerror}") from exc

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """Take the oldest message; one that is no whole message is left aside."""
        try:
            return super()._get(queue)
        except ValueError:
            log.warning("half a message was found in the queue and left aside")
            raise Empty from None

    def get_table(self, exchange: str) -> list[Any]:
        """Return what is bound to an exchange; a half-written table says nothing."""
        try:
            return list(super().get_table(exchange))
        except ValueError:
            return []

    def _queue_bind(self, *binding: Any) -> None:
        """Bind a queue, after putting a half-written table out of the way."""
        try:
            super()._queue_bind(*binding)
        except ValueError:
            self._exchange_file(binding[0]).unlink(missing_ok=True)
            super()._queue_bind(*binding)


class Transport(filesystem.Transport):
    Channel = Channel


def drop_stale(folder: Path, seconds: float) -> int:
    """Remove messages that have waited for longer, and return how many.

    Where no worker takes them they would pile up; what they ask for stands in the database.
    """
    dropped = 0
    for path in folder.glob("*.msg"):
        with suppress(FileNotFoundError):  # somebody took it meanwhile
            if time() - path.stat().st_mtime > seconds:
                path.unlink()
                dropped += 1
    return dropped


def use() -> None:
    """Let ``filesystem://`` mean this queue."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
