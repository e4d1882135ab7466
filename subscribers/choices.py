"""What a reader chose, as one value: read from a row, written to it, kept with every consent."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Self

from django.conf import settings

from subscribers.models import Mute, Source, Subscriber, Weekday
from subscribers.signals import times_changed

DEFAULT_HOUR = 7
# What says when a mail is due.
TIMES = attrgetter("hour", "weekday", "time_zone")


@dataclass(frozen=True, slots=True)
class Muted:
    """A source of which no story comes until the end of a day, or, without one, for good."""

    source_slug: str
    until: date | None = None

    def to_json(self) -> dict[str, str | None]:
        return {"source": self.source_slug, "until": self.until.isoformat() if self.until else None}

    @classmethod
    def from_json(cls, values: dict[str, str | None]) -> Self:
        until = values["until"]
        return cls(str(values["source"]), date.fromisoformat(until) if until else None)


@dataclass(frozen=True, slots=True)
class Choices:
    """Which editions, which sources (by slug), and when. ``hour`` is 0 to 23 in ``time_zone``.

    ``source_slugs`` is empty where ``all_sources``; ``weekday`` (Monday is 0) is the
    weekly's; ``paused_until`` is the last day without mail; ``muted`` sources are left out of
    whatever else was chosen.
    """

    wants_daily: bool = True
    wants_weekly: bool = True
    all_sources: bool = True
    source_slugs: tuple[str, ...] = ()
    hour: int = DEFAULT_HOUR
    weekday: int = Weekday.SATURDAY.value
    time_zone: str = "UTC"
    paused_until: date | None = None
    language: str = settings.LANGUAGE_CODE
    muted: tuple[Muted, ...] = ()

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
            "muted": [muted.to_json() for muted in self.muted],
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Read choices; what was not kept in an earlier version takes its default."""
        known = {name.name: values[name.name] for name in fields(cls) if name.name in values}
        paused_until = known.get("paused_until")
        return cls(
            **{
                **known,
                "source_slugs": tuple(known.get("source_slugs", ())),
                "paused_until": date.fromisoformat(paused_until) if paused_until else None,
                "muted": tuple(Muted.from_json(muted) for muted in known.get("muted", ())),
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
        language=reader.language,
        # Sorted here, and not as a database's collation has it: equal choices compare equal.
        muted=tuple(
            Muted(slug, until)
            for slug, until in sorted(reader.mutes.values_list("source__slug", "until"))
        ),
    )


def present_slugs(source_ids: list[int]) -> tuple[str, ...]:
    """Return the slugs of sources under their present names, however often they were merged."""
    present = Source.objects.present_ids()
    found = Source.objects.filter(pk__in={present[pk] for pk in source_ids})
    return tuple(sorted(found.values_list("slug", flat=True)))


def write_choices(reader: Subscriber, choices: Choices, *, now: datetime) -> None:
    """Store the choices in the rows of a reader whom the caller's transaction has locked.

    ``signals.times_changed`` is sent within it where the reader wants mail at other times.
    """
    differs = TIMES(reader) != TIMES(choices)
    row = [name.name for name in fields(choices) if name.name not in ("source_slugs", "muted")]
    for name in row:
        setattr(reader, name, getattr(choices, name))
    reader.save(update_fields=row)
    reader.sources.set(Source.objects.filter(slug__in=choices.source_slugs))
    write_mutes(reader, choices.muted)
    if differs:
        times_changed.send(Subscriber, subscriber_id=reader.pk, now=now)


def write_mutes(reader: Subscriber, muted: tuple[Muted, ...]) -> None:
    """Make a reader's muted sources these and no others."""
    until = {one.source_slug: one.until for one in muted}
    reader.mutes.exclude(source__slug__in=until).delete()
    for source in Source.objects.filter(slug__in=until):
        Mute.objects.update_or_create(
            subscriber=reader, source=source, defaults={"until": until[source.slug]}
        )
