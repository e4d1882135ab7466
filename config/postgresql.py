"""How long PostgreSQL is waited for, and how long it waits for us.

By default a machine that went away without a word is waited for by TCP: two hours, and so are
its locks. The ledger's leases promise minutes.
"""

from __future__ import annotations

from typing import Any, Self

import psycopg

# A server that is there answers at once; one of several hosts that is not is passed over.
CONNECT_SECONDS = 10
# The janitor has half a minute to spare of what is promised, so a connection to a machine
# that is gone ends before that: 10 seconds of silence, then three questions in 15. A server
# that works on a long statement acknowledges them all.
SILENT_SECONDS, BETWEEN_SECONDS, QUESTIONS = 10, 5, 3
UNHEARD_MILLISECONDS = 1_000 * (SILENT_SECONDS + BETWEEN_SECONDS * QUESTIONS)
# Libpq's parameters. What DATABASE_URL says after its question mark comes before them; where
# the connection is a Unix socket, or the system knows no such limit, libpq passes over them.
TIME_OUTS: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": SILENT_SECONDS,
    "keepalives_interval": BETWEEN_SECONDS,
    "keepalives_count": QUESTIONS,
    "tcp_user_timeout": UNHEARD_MILLISECONDS,
}
# No transaction of ours stays open while a network is waited for, so one that is idle for so
# long belongs to a machine that froze; then its locks go before its leases do. Planning and
# migrations take longer, but are not idle.
IDLE_IN_TRANSACTION = "60s"


class Connection(psycopg.Connection[Any]):
    """A connection whose transaction the server ends if it is left lying.

    Said by a statement, because PgBouncer refuses settings when a connection begins. There is
    no lock_timeout: migrations wait for their turn, and the sweep passes over locked rows.
    """

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:
        """Connect in autocommit mode, as Django's pool does."""
        connection = super().connect(conninfo, **kwargs)
        said = f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION}'"
        try:
            connection.execute(said, prepare=False)
        except BaseException:
            connection.close()
            raise
        return connection
