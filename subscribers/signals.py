"""What happened to people, for those who must not be imported from here."""

from django.dispatch import Signal

# Sent after the commit that made a reader active by a confirmation link, with
# ``subscriber_id``. Losing it loses nothing but a minute: what is due stands in the row.
confirmed = Signal()

# Sent in the transaction that changes at what time a reader wants mail, after the change, with
# ``subscriber_id`` and ``now``. The reader's row is locked; a receiver that fails takes the
# change back.
times_changed = Signal()

# Sent in the transaction that deletes a reader, before it does, with ``subscriber_id``. The
# reader's row and their deliveries are locked; a receiver that fails keeps the reader.
forgotten = Signal()
