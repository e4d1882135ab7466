"""What became of messages after they left: reports of providers and mail servers, recorded."""

from newsletter.tracking.facts import DeliveryFact
from newsletter.tracking.reconciling import Reconciled, reconcile
from newsletter.tracking.recording import record

__all__ = ["DeliveryFact", "Reconciled", "reconcile", "record"]
