"""A form's fields out of JSON, so that a program's request is checked as a person's is."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from django.http import QueryDict
from django.utils.translation import gettext as _

FLAGS = {"wants_daily", "wants_weekly"}
TEXTS = {"email", "which", "time_zone", "language", "stamp", "sure", "website"}
NUMBERS = {"hour", "solution"}
LISTS = {"sources"}
NAMES = sorted(FLAGS | TEXTS | NUMBERS | LISTS)


class BadBody(ValueError):
    """Not the JSON that was asked for; the message is for whoever wrote the program."""


def fields_of(body: bytes) -> QueryDict:
    """Return what a JSON object says, as a form would have posted it.

    ``true`` is a ticked box, ``false`` and ``null`` are left out. A name that no field has is
    refused: a misspelled ``sources`` would subscribe somebody to all of them.

    Raises BadBody.
    """
    try:
        found = json.loads(body, object_pairs_hook=unrepeated, parse_constant=no_number)
    except BadBody:
        raise
    except (ValueError, RecursionError) as exc:
        raise BadBody(_("This is not JSON in UTF-8, or it is nested too deeply.")) from exc
    if not isinstance(found, dict):
        raise BadBody(_("The body must be one JSON object."))
    fields = QueryDict(mutable=True)
    for name, value in found.items():
        fields.setlist(name, texts_of(name, value))
    return fields


def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that says two things under one name."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadBody(_("A name stands twice in the same object."))
    return found


def no_number(text: str) -> NoReturn:
    raise BadBody(_("NaN and Infinity are not JSON."))


def texts_of(name: str, value: Any) -> list[str]:
    """Return a value as the texts that a form would post; raise BadBody for a wrong type."""
    if name not in NAMES:
        raise BadBody(
            _("There is no such field. Known are: %(names)s.") % {"names": ", ".join(NAMES)}
        )
    if value is None:
        return []
    if name in FLAGS and isinstance(value, bool):
        return ["on"] if value else []
    if name in NUMBERS and isinstance(value, int) and not isinstance(value, bool):
        return [str(value)]
    if name in TEXTS | NUMBERS and isinstance(value, str):
        return [checked(name, value)]
    if name in LISTS and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return [checked(name, one) for one in value]
    raise BadBody(_("%(name)s has a value of a type that it cannot have.") % {"name": name})


def checked(name: str, text: str) -> str:
    """Refuse half a character (an unpaired surrogate), which no database takes."""
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise BadBody(_("%(name)s holds half a character.") % {"name": name}) from exc
    return text
