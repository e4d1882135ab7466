"""What happened to people, for those who must not be imported from here."""

from django.dispatch import Signal

# Sent after the commit that made a reader active by a confirmation link, with
# ``subscriber_id``. Losing it loses nothing but a minute: what is due stands in the row.
confirmed = Signal()
