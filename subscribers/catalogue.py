"""The catalogue of sources: reading it from CSV and bringing the database up to it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_slug
from django.db import transaction
from django.utils.translation import gettext as _

from subscribers.models import Source

COLUMNS = ("position", "name", "slug", "company", "homepage_url", "feed_url", "merged_into")
REQUIRED = ("name", "slug", "company", "homepage_url")
# As wide as the columns of the database.
WIDTHS = {"name": 200, "slug": 80, "company": 200, "homepage_url": 500, "feed_url": 500}
HIGHEST_POSITION = 1_000_000
check_url = URLValidator(schemes=["http", "https"])


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source as the file has it; ``row`` is its line there."""

    row: int
    position: int
    name: str
    slug: str
    company: str
    homepage_url: str
    feed_url: str = ""
    merged_into: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line of the file, and what to do."""

    row: int
    message: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading did. ``renamed`` pairs each renamed source with its former name."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    renamed: tuple[tuple[Source, str], ...] = ()


@dataclass(slots=True)
class Reading:
    """The rows of a file and its problems; with a problem no row may be stored."""

    rows: list[SourceRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, row: int, message: str) -> None:
        self.problems.append(Problem(row, message))


def read_sources(text: str) -> Reading:
    """Read a CSV file of sources with its head line; every bad line is a problem.

    Columns may stand in any order; ``feed_url``, ``merged_into`` and ``position`` may be
    missing. A source without a position stands where its row stands.
    """
    reading = Reading()
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        head = [name.strip() for name in next(reader, [])]
        if not check_head(head, reading):
            return reading
        for cells in reader:
            if any(cell.strip() for cell in cells):
                read_row(head, cells, reader.line_num, reading)
    except csv.Error as exc:
        reading.problem(
            reader.line_num, _("this is no CSV: %(reason)s. Check the quotes.") % {"reason": exc}
        )
    check_together(reading)
    return reading


def check_head(head: Sequence[str], reading: Reading) -> bool:
    missing = [name for name in REQUIRED if name not in head]
    unknown = [name for name in head if name not in COLUMNS]
    if missing:
        reading.problem(
            1,
            _("the head line lacks %(names)s. It should be: %(columns)s")
            % {"names": ", ".join(missing), "columns": ",".join(COLUMNS)},
        )
    if unknown:
        reading.problem(
            1,
            _("unknown columns: %(names)s. Known are: %(columns)s")
            % {"names": ", ".join(unknown), "columns": ", ".join(COLUMNS)},
        )
    if len(set(head)) < len(head):
        reading.problem(1, _("a column stands twice in the head line."))
    return not reading.problems


def read_row(head: Sequence[str], cells: Sequence[str], row: int, reading: Reading) -> None:
    """Add a row, or its problems."""
    if len(cells) != len(head):
        reading.problem(
            row,
            _("%(found)d cells, but the head line has %(wanted)d. A comma in a name needs quotes.")
            % {"found": len(cells), "wanted": len(head)},
        )
        return
    values = {name: " ".join(cell.split()) for name, cell in zip(head, cells, strict=True)}
    position = values.get("position") or str(len(reading.rows) + 1)
    before = len(reading.problems)
    if not (position.isascii() and position.isdigit() and int(position) <= HIGHEST_POSITION):
        reading.problem(row, _("position “%(value)s” is no number.") % {"value": position})
    check_values(values, row, reading)
    if len(reading.problems) == before:
        fields = {name: values.get(name, "") for name in COLUMNS if name != "position"}
        reading.rows.append(SourceRow(row=row, position=int(position), **fields))


def check_values(values: dict[str, str], row: int, reading: Reading) -> None:
    for name in REQUIRED:
        if not values[name]:
            reading.problem(row, _("%(column)s is empty.") % {"column": name})
    for name, width in WIDTHS.items():
        if len(values.get(name, "")) > width:
            reading.problem(
                row,
                _("%(column)s is longer than %(width)d characters.")
                % {"column": name, "width": width},
            )
    for name, check in (
        ("slug", validate_slug),
        ("homepage_url", check_url),
        ("feed_url", check_url),
    ):
        value = values.get(name, "")
        try:
            if value:
                check(value)
        except ValidationError:
            reading.problem(
                row, _("%(column)s “%(value)s” is not valid.") % {"column": name, "value": value}
            )
    if any(not character.isprintable() for value in values.values() for character in value):
        reading.problem(row, _("there is a character that cannot be printed."))


def check_together(reading: Reading) -> None:
    """Check what one row cannot show: names and slugs that stand twice, bad mergers."""
    for column in ("name", "slug"):
        seen: dict[str, int] = {}
        for row in reading.rows:
            value = getattr(row, column)
            first = seen.setdefault(value.casefold(), row.row)
            if first != row.row:
                reading.problem(
                    row.row,
                    _("%(column)s “%(value)s” stands in line %(first)d as well.")
                    % {"column": column, "value": value, "first": first},
                )
    targets = {row.slug: row.merged_into for row in reading.rows}
    for row in reading.rows:
        if runs_in_circle(row.slug, targets):
            reading.problem(
                row.row, _("merged_into of “%(slug)s” leads back to itself.") % {"slug": row.slug}
            )


def runs_in_circle(slug: str, targets: dict[str, str]) -> bool:
    seen = set()
    while target := targets.get(slug, ""):
        if slug in seen:
            return True
        seen.add(slug)
        slug = target
    return False


@transaction.atomic
def store_sources(rows: Sequence[SourceRow]) -> tuple[Loaded, list[Problem]]:
    """Bring the sources up to the rows: new ones are made, known ones (by slug) updated.

    Sources that no row names stay as they are. With a problem nothing is stored.
    """
    known = {source.slug: source for source in Source.objects.all()}
    problems = clashes(rows, known)
    if problems:
        return Loaded(), problems
    before = {slug: values_of(source) for slug, source in known.items()}
    # Two sources may exchange their names, so the old ones give way first.
    renamed = {
        row.slug: known[row.slug].name
        for row in rows
        if row.slug in known and known[row.slug].name != row.name
    }
    for slug in renamed:
        Source.objects.filter(slug=slug).update(name=f"renamed:{slug}")
    for row in rows:
        store_row(row, known)
    for row in rows:
        merge_row(row, known)
    created = sum(row.slug not in before for row in rows)
    updated = sum(
        row.slug in before and before[row.slug] != values_of(known[row.slug]) for row in rows
    )
    return (
        Loaded(
            created=created,
            updated=updated,
            unchanged=len(rows) - created - updated,
            renamed=tuple((known[slug], name) for slug, name in renamed.items()),
        ),
        [],
    )


def clashes(rows: Sequence[SourceRow], known: dict[str, Source]) -> list[Problem]:
    """Return rows that do not go with the sources that are there."""
    problems = []
    slugs = {row.slug for row in rows}
    names = {source.name: slug for slug, source in known.items() if slug not in slugs}
    for row in rows:
        if row.name in names:
            problems.append(
                Problem(
                    row.row,
                    _("the name “%(name)s” is taken by the source “%(slug)s”.")
                    % {"name": row.name, "slug": names[row.name]},
                )
            )
        if row.merged_into and row.merged_into not in slugs | known.keys():
            problems.append(
                Problem(
                    row.row,
                    _("merged_into names “%(slug)s”, which is no source.")
                    % {"slug": row.merged_into},
                )
            )
    targets = {
        slug: source.merged_into.slug if source.merged_into else ""
        for slug, source in known.items()
    }
    targets |= {row.slug: row.merged_into for row in rows}
    problems += [
        Problem(row.row, _("merged_into of “%(slug)s” leads back to itself.") % {"slug": row.slug})
        for row in rows
        if runs_in_circle(row.slug, targets)
    ]
    return problems


def values_of(source: Source) -> tuple[object, ...]:
    return (
        source.position,
        source.name,
        source.company,
        source.homepage_url,
        source.feed_url,
        source.merged_into_id,
    )


def store_row(row: SourceRow, known: dict[str, Source]) -> None:
    source = known.get(row.slug) or Source(slug=row.slug)
    old = values_of(source)
    source.position = row.position
    source.name = row.name
    source.company = row.company
    source.homepage_url = row.homepage_url
    source.feed_url = row.feed_url
    if source.pk is None or values_of(source) != old:
        source.save()
    known[row.slug] = source


def merge_row(row: SourceRow, known: dict[str, Source]) -> None:
    source = known[row.slug]
    target = known[row.merged_into] if row.merged_into else None
    if source.merged_into_id != (target.pk if target else None):
        source.merged_into = target
        source.save(update_fields=["merged_into"])
