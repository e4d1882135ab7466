"""What tests of a change of address share."""

from datetime import UTC, datetime

from subscribers import moving
from subscribers.models import AddressChange

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
OLD = "ada@example.com"
NEW = "ada@example.net"


def wish(reader, email=NEW, *, now=NOW):
    """Ask as the choices page does, and return what is kept of it, if anything."""
    moving.ask(reader.pk, email, now=now)
    return AddressChange.objects.filter(subscriber=reader, email=email).last()


def now_at(reader):
    reader.refresh_from_db()
    return reader.email


def moved(reader):
    return reader.consent_events.filter(kind="moved")
