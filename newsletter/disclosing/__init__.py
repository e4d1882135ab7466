"""“What you sent me”: everything that is kept about one reader, as one JSON document.

Deliveries and consents are streamed, for some readers have thousands. What is told of each
table, and what is not, stands in ``told``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import compress
from typing import Any, TypeVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet

from newsletter.disclosing.told import ADDED, SECTIONS, TOLD, happened
from newsletter.links import read_url
from newsletter.models import Delivery, DeliveryEvent
from newsletter.receiving import bits, may_be_read
from newsletter.rendering import wording
from subscribers.models import ConsentEvent, SignUp, Source, Subscriber

M = TypeVar("M", bound=Model)

FORMAT = "broadsheet-data-1"
# Rows read at once; a delivery comes with its issue's content, some 20 KB.
BATCH = 100


def document(reader: Subscriber, *, now: datetime) -> Iterator[str]:
    """Yield the document in pieces, in the language active now, which stays active.

    It holds personal links of the reader, and nobody else's data.
    """
    parts = {
        "format": FORMAT,
        "made_at": now,
        "publication": settings.PUBLICATION_NAME,
        "explained": explained(),
        **about(reader),
    }
    yield "{\n"
    for key, value in parts.items():
        yield f"{written(key)}: {written(value)},\n"
    yield from listed(ConsentEvent, map(told, in_batches(reader.consent_events.all())))
    yield ",\n"
    yield from listed(Delivery, deliveries_of(reader))
    yield "\n}\n"


def listed(model: type[Model], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the section of a table, a row at a time."""
    yield f"{written(SECTIONS[model])}: [\n"
    between = ""
    for row in rows:
        yield between + written(row)
        between = ",\n"
    yield "\n]"


def in_batches(rows: QuerySet[M]) -> Iterator[M]:
    """Yield rows, oldest first, of which BATCH are read at a time."""
    last = 0
    while batch := list(rows.order_by("pk").filter(pk__gt=last)[:BATCH]):
        yield from batch
        last = batch[-1].pk


def written(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)


def explained() -> dict[str, dict[str, str]]:
    """Return what each key of the document means, by the names of its parts."""
    words: dict[str, dict[str, str]] = {}
    for tables in (TOLD, ADDED):
        for model, keys in tables.items():
            part = words.setdefault(model._meta.model_name or "", {})
            part.update((key, str(meaning)) for key, meaning in keys.items())
    return words


def about(reader: Subscriber) -> dict[str, Any]:
    """Return everything but deliveries and consents: there is little of it, however long ago."""
    chosen = Source.objects.filter(readers=reader)
    return {
        "reader": told(reader),
        "sources": [named(source) for source in chosen],
        "mutes": [
            {**named(mute.source), **told(mute)} for mute in reader.mutes.select_related("source")
        ],
        "address_changes": all_told(reader.address_changes.all()),
        "waiting_requests": all_told(SignUp.objects.filter(email=reader.email)),
    }


def told(row: Model) -> dict[str, Any]:
    """Return what is told of a row."""
    return {name: getattr(row, name) for name in TOLD[type(row)]}


def all_told(rows: Iterable[Model]) -> list[dict[str, Any]]:
    return [told(row) for row in rows]


def named(source: Source) -> dict[str, str]:
    return {"slug": source.slug, "name": source.name}


def deliveries_of(reader: Subscriber) -> Iterator[dict[str, Any]]:
    """Yield what was sent to a reader or not, oldest first."""
    rows = (
        reader.deliveries.select_related("issue", "revision")
        .defer("revision__rendered")
        .prefetch_related("events")
    )
    return (told_delivery(delivery, reader) for delivery in in_batches(rows))


def told_delivery(delivery: Delivery, reader: Subscriber) -> dict[str, Any]:
    return {
        "issue": delivery.issue.slug,
        "title": wording.title(delivery.issue),
        "revision": delivery.revision.number if delivery.revision else None,
        **told(delivery),
        "what_happened": happened(delivery),
        "headlines": headlines_in(delivery),
        "as_you_received_it": read_url(delivery.pk, reader) if may_be_read(delivery) else None,
        "events": [told_event(event) for event in delivery.events.all()],
    }


def told_event(event: DeliveryEvent) -> dict[str, Any]:
    """Return a report; who of the staff settled a message is not told to its reader."""
    settled = event.kind == DeliveryEvent.Kind.SETTLED
    return {**told(event), **({"detail": ""} if settled else {})}


def headlines_in(delivery: Delivery) -> list[str]:
    """Return the headlines that stood in a mail, or none where that is not known."""
    if delivery.revision is None or not delivery.shown:
        return []
    headlines = [story["headline"] for story in delivery.revision.content["stories"]]
    return list(compress(headlines, bits(delivery.shown, len(headlines))))
