"""What a reader chose, as one value: read from a row, written to it, kept with every consent."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Self

from subscribers.models import Source, Subscriber, Weekday

DEFAULT_HOUR = 7


@dataclass(frozen=True, slots=True)
class Choices:
    """Which editions, which sources (by slug), and when. ``hour`` is 0 to 23 in ``time_zone``.

    ``source_slugs`` is empty where ``all_sources``; ``weekday`` (Monday is 0) is the
    weekly's; ``paused_until`` is the last day without mail.
    """

    wants_daily: bool = True
    wants_weekly: bool = True
    all_sources: bool = True
    source_slugs: tuple[str, ...] = ()
    hour: int = DEFAULT_HOUR
    weekday: int = Weekday.SATURDAY.value
    time_zone: str = "UTC"
    paused_until: date | None = None

    def with_edition(self, kind: str, *, wanted: bool) -> Self:
        """Return the same choices with the ``daily`` or the ``weekly`` on or off."""
        if kind == "daily":
            return replace(self, wants_daily=wanted)
        return replace(self, wants_weekly=wanted)

    def wants(self, kind: str) -> bool:
        return self.wants_daily if kind == "daily" else self.wants_weekly

    def to_json(self) -> dict[str, Any]:
        """Return values that JSON can hold; ``from_json`` gives equal choices back."""
        return {
            **asdict(self),
            "source_slugs": list(self.source_slugs),
            "paused_until": self.paused_until.isoformat() if self.paused_until else None,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        paused_until = values["paused_until"]
        return cls(
            **{
                **values,
                "source_slugs": tuple(values["source_slugs"]),
                "paused_until": date.fromisoformat(paused_until) if paused_until else None,
            }
        )


def choices_of(reader: Subscriber) -> Choices:
    """Read a reader's choices; a source that was merged stands under its present name."""
    chosen: tuple[str, ...] = ()
    if not reader.all_sources:
        chosen = present_slugs(list(reader.sources.values_list("pk", flat=True)))
    return Choices(
        wants_daily=reader.wants_daily,
        wants_weekly=reader.wants_weekly,
        all_sources=reader.all_sources,
        source_slugs=chosen,
        hour=reader.hour,
        weekday=reader.weekday,
        time_zone=reader.time_zone,
        paused_until=reader.paused_until,
    )


def present_slugs(source_ids: list[int]) -> tuple[str, ...]:
    """Return the slugs of sources under their present names, however often they were merged."""
    present = Source.objects.present_ids()
    found = Source.objects.filter(pk__in={present[pk] for pk in source_ids})
    return tuple(sorted(found.values_list("slug", flat=True)))


def write_choices(reader: Subscriber, choices: Choices) -> None:
    """Store the choices in the reader's row."""
    values = asdict(choices)
    slugs = values.pop("source_slugs")
    for name, value in values.items():
        setattr(reader, name, value)
    reader.save(update_fields=list(values))
    reader.sources.set(Source.objects.filter(slug__in=slugs))
