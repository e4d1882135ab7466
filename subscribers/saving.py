"""Saving a form that may be older than what it changes: another tab, another link in a mail."""

from __future__ import annotations

from dataclasses import replace

from subscribers.choices import Choices

# What the button "Save" of the choices page writes, besides the sources. Pauses and muted
# sources have buttons of their own.
SAVED = ("wants_daily", "wants_weekly", "hour", "weekday", "time_zone", "language")


def with_changes(current: Choices, *, shown: Choices | None, wished: Choices) -> Choices:
    """Return current choices with what a person changed on a form that showed others.

    What the person left as it was stays as it is now. Without ``shown`` all that the form
    holds counts as changed. What would leave a reader without an edition or a source, as two
    tabs together can, is taken as the form has it.
    """
    values = {
        name: getattr(wished, name)
        for name in SAVED
        if shown is None or getattr(wished, name) != getattr(shown, name)
    }
    saved = with_sources(replace(current, **values), shown=shown, wished=wished)
    if saved.wants_daily or saved.wants_weekly:
        return saved
    return replace(saved, wants_daily=wished.wants_daily, wants_weekly=wished.wants_weekly)


def with_sources(current: Choices, *, shown: Choices | None, wished: Choices) -> Choices:
    if shown and sources_of(wished) == sources_of(shown):
        return current
    chosen = set(wished.source_slugs)
    if shown and not (current.all_sources or shown.all_sources or wished.all_sources):
        removed = set(shown.source_slugs) - chosen
        chosen = (set(current.source_slugs) - removed | chosen - set(shown.source_slugs)) or chosen
    return replace(current, all_sources=wished.all_sources, source_slugs=tuple(sorted(chosen)))


def sources_of(choices: Choices) -> tuple[bool, frozenset[str]]:
    return choices.all_sources, frozenset(choices.source_slugs)
