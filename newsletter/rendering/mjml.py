"""An issue's source in MJML and in plain text, and MJML's way to HTML.

``Fill`` says what stands where a variant or a reader differs: marks when an issue is
rendered once for everybody, the words themselves when one mail is rendered from scratch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _
from mjml import mjml2html

from newsletter.content import IssueContent
from newsletter.rendering import wording
from newsletter.rendering.blocks import Layout, blocks_of
from newsletter.rendering.cleaning import attribute, clean_line, shortened
from newsletter.rendering.errors import RenderError
from newsletter.rendering.inlining import inlined
from newsletter.rendering.palette import DARK, LIGHT
from newsletter.rendering.plain import underlined, wrapped
from newsletter.rendering.segments import Kind, Marks, Slot
from subscribers.links import absolute

# What an inbox shows after the subject; longer ones are cut by every mail program.
PREHEADER_LENGTH = 120
TEMPLATES = "newsletter/email"


@dataclass(frozen=True, slots=True)
class Fill:
    """What to put in the slots, which notes stand, and the marks to cut at, if any."""

    slots: Mapping[Slot, str]
    notes: tuple[Kind, ...]
    marks: Marks | None = None

    @classmethod
    def to_cut(cls, marks: Marks) -> Fill:
        """Return marks in every slot, and every note."""
        return cls({slot: marks.slot(slot) for slot in Slot}, (Kind.MORE, Kind.HIDDEN), marks)


def issue_url(slug: str) -> str:
    """Return an issue's address in the archive, the same for everybody."""
    return absolute(f"/archive/{slug}/")


def preheader(content: IssueContent, blocks: list[Layout]) -> str:
    """Return the opening's first words, or the first headline where there is no opening."""
    for block in blocks:
        if block.kind == Kind.OPENING and block.body and block.body.words:
            return shortened(block.body.words, PREHEADER_LENGTH)
    first = content.stories[0].headline if content.stories else content.title
    return shortened(clean_line(first), PREHEADER_LENGTH)


def context_of(
    content: IssueContent, blocks: list[Layout], fill: Fill, lead: str
) -> dict[str, Any]:
    """Return what the templates of both forms need."""
    publication = clean_line(settings.PUBLICATION_NAME)
    marks = fill.marks
    return {
        "blocks": [
            (f"{TEMPLATES}/{block.kind}", block, marks.block(number) if marks else "")
            for number, block in enumerate(blocks)
        ],
        "slot": {slot.value: value for slot, value in fill.slots.items()},
        "is_weekly": content.kind == "weekly",
        "kind_label": wording.kind_label(content.kind),
        "period": wording.period(content.period_start, content.period_end),
        "publication": publication,
        "publication_text": underlined(publication.upper(), "="),
        "postal_address": clean_line(settings.POSTAL_ADDRESS),
        "postal_address_text": "\n".join(wrapped(clean_line(settings.POSTAL_ADDRESS))),
        "issue_url": issue_url(content.slug),
        "title_attribute": attribute(content.title),
        "preheader": lead,
        "preheader_attribute": attribute(lead),
        "direction": "rtl" if get_language_bidi() else "ltr",
        "light": LIGHT,
        "dark": DARK,
    }


def mjml_source(context: dict[str, Any]) -> str:
    """Return an issue in MJML."""
    return render_to_string(f"{TEMPLATES}/issue.mjml", context)


def text_source(context: dict[str, Any]) -> str:
    """Return an issue in plain text."""
    return render_to_string(f"{TEMPLATES}/issue.txt", context)


@cache
def inline_css() -> str:
    return render_to_string(f"{TEMPLATES}/inlined.css", {"light": LIGHT})


def html_of(source: str) -> str:
    """Return MJML as HTML, before its CSS is inlined; raise RenderError if MJML refuses it.

    ``fonts={}``: by default MJML asks Google for every font whose name it knows.
    """
    try:
        return str(mjml2html(source, fonts={}))
    except ValueError as exc:
        raise RenderError(_("MJML cannot read the mail: %(error)s") % {"error": exc}) from exc


def forms_of(content: IssueContent, fill: Fill) -> tuple[str, str, list[Layout]]:
    """Return a mail's whole HTML and plain text, and the blocks they are made of."""
    blocks = blocks_of(content, with_notes=fill.notes)
    context = context_of(content, blocks, fill, preheader(content, blocks))
    html = inlined(html_of(mjml_source(context)), inline_css())
    return html, text_source(context), blocks
