"""What a form's choices mean, in words: for the panel beside the form and its script."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from newsletter.foreseeing import Outlook, foresee
from subscribers.choices import Choices, Muted
from subscribers.forms.choices import SOME, ChoicesForm

# Enough to see what kind of stories they are; the rest is counted.
HEADLINES_SHOWN = 5
# Sources that the reader muted go along in the form, for the script knows nothing else of them.
MUTED_FIELD = "left_out"


def choices_on(form: ChoicesForm) -> Choices:
    """Return what a form says of editions and sources now, whether it is valid or not.

    Sources that are not on offer are passed over; hour and time zone do not matter here.
    """
    offered = {source.slug for source in form.offered}
    named = {str(slug) for slug in form["sources"].value() or ()}
    only = form.way == SOME
    return Choices(
        wants_daily=bool(form["wants_daily"].value()),
        wants_weekly=bool(form["wants_weekly"].value()),
        all_sources=not only,
        source_slugs=tuple(sorted(named & offered)) if only else (),
        muted=muted_on(form, offered),
    )


def muted_on(form: ChoicesForm, offered: set[str]) -> tuple[Muted, ...]:
    """Return what the form's reader muted: by their rows, or as the page says it again."""
    kept = getattr(form, "kept", None)
    if isinstance(kept, Choices):
        return kept.muted
    named = form.data.getlist(MUTED_FIELD) if isinstance(form.data, QueryDict) else ()
    return tuple(Muted(slug) for slug in named if slug in offered)


def panel(form: ChoicesForm, now: datetime) -> dict[str, Any]:
    """Return what the panel's template shows."""
    choices = choices_on(form)
    outlook = foresee(choices, now=now)
    last = outlook.last
    return {
        "sentence": sentence(outlook),
        "left_out": left_out(outlook.muted),
        "last": last if outlook.is_complete else None,
        "headlines": last.headlines[:HEADLINES_SHOWN] if last else (),
        "more": max(len(last.headlines) - HEADLINES_SHOWN, 0) if last else 0,
        "muted_field": MUTED_FIELD,
        "muted": [muted.source_slug for muted in choices.muted],
    }


def sentence(outlook: Outlook) -> str:
    """Say how much comes: “These 7 sources carry about 4 stories a week.”"""
    if not outlook.wants_any:
        return _("Choose the daily or the weekly, and see here what would come.")
    if outlook.sources == 0:
        return _("Choose a source, and see here what it carries.")
    if outlook.a_week is None:
        return _("No issue has been sent yet, so nobody can say how much will come.")
    if not outlook.a_week:
        return silence(outlook.sources)
    return abundance(outlook.sources, amount(outlook.about))


def left_out(muted: int) -> str:
    """Say why fewer sources are counted than were chosen; "" where that is not so."""
    if not muted:
        return ""
    return ngettext(
        "%(count)d muted source is left out.", "%(count)d muted sources are left out.", muted
    ) % {"count": muted}


def silence(sources: int | None) -> str:
    if sources is None:
        return _("No source carried a story in the last four weeks.")
    return ngettext(
        "This source carried no story in the last four weeks.",
        "These %(count)d sources carried no story in the last four weeks.",
        sources,
    ) % {"count": sources}


def abundance(sources: int | None, stories: str) -> str:
    if sources is None:
        return _("All sources together carry %(stories)s.") % {"stories": stories}
    return ngettext(
        "This source carries %(stories)s.",
        "These %(count)d sources carry %(stories)s.",
        sources,
    ) % {"count": sources, "stories": stories}


def amount(about: int) -> str:
    """Say how many stories come a week, as the object of a sentence."""
    if not about:
        return _("fewer than one story a week")
    return ngettext("about %(count)d story a week", "about %(count)d stories a week", about) % {
        "count": about
    }
