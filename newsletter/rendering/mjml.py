"""An issue's source in MJML and in plain text, and MJML's way to HTML.

``Fill`` says what stands where a variant or a reader differs: marks when an issue is
rendered once for everybody, the words themselves when one mail is rendered from scratch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _
from mjml import mjml2html

from newsletter.content import IssueContent
from newsletter.rendering import wording
from newsletter.rendering.blocks import Layout, blocks_of
from newsletter.rendering.cleaning import LEAD_LENGTH, attribute, clean_line, shortened
from newsletter.rendering.errors import RenderError
from newsletter.rendering.inlining import inlined
from newsletter.rendering.palette import DARK, LIGHT
from newsletter.rendering.plain import TEXT_WIDTH, wrapped
from newsletter.rendering.segments import NOTES, Kind, Marks, Slot
from subscribers.links import absolute, mute_url

TEMPLATES = "newsletter/email"


@dataclass(frozen=True, slots=True)
class Fill:
    """What to put in the slots, which notes stand, and the marks to cut at, if any."""

    slots: Mapping[str, str]
    notes: tuple[Kind, ...]
    marks: Marks | None = None

    @classmethod
    def to_cut(cls, marks: Marks) -> Fill:
        """Return marks in every slot, and every note."""
        return cls({slot: marks.slot(slot) for slot in Slot}, NOTES, marks)


def issue_url(slug: str) -> str:
    """Return an issue's address in the archive, the same for everybody."""
    return absolute(reverse("newsletter:issue", args=[slug]))


def lead_of(blocks: list[Layout]) -> str:
    """Return the opening's first words for the inbox, or "" where there is no opening."""
    words = (block.body.words for block in blocks if block.kind == Kind.OPENING and block.body)
    return shortened(next(words, ""), LEAD_LENGTH)


def foreign_language() -> str:
    """Return the language of what editors write, or "" where the frame is in it as well."""
    written = settings.PUBLICATION_LANGUAGE
    return "" if written.casefold() == (get_language() or "").casefold() else written


def placed(blocks: list[Layout], fill: Fill) -> Iterator[tuple[str, Layout, str, str]]:
    """Give every block with its template, where its sources can be muted, and the mark before it.

    What has no source has no such address.
    """
    for number, block in enumerate(blocks):
        mute = mute_url(fill.slots[Slot.MUTE], block.source_ids) if block.source_ids else ""
        mark = fill.marks.block(number) if fill.marks else ""
        yield f"{TEMPLATES}/{block.kind}", block, mute, mark


def context_of(content: IssueContent, blocks: list[Layout], fill: Fill) -> dict[str, Any]:
    """Return what the templates of both forms need."""
    lead = lead_of(blocks)
    publication = clean_line(settings.PUBLICATION_NAME)
    welcome = wording.welcome(publication)
    return {
        "blocks": list(placed(blocks, fill)),
        "slot": fill.slots,
        "is_weekly": content.kind == "weekly",
        "kind_label": wording.kind_label(content.kind),
        "period": wording.period(content.period_start, content.period_end),
        "publication": publication,
        "publication_text": "\n".join(wrapped(publication.upper())),
        "text_rule": "=" * TEXT_WIDTH,
        "postal_address": clean_line(settings.POSTAL_ADDRESS),
        "postal_address_text": "\n".join(wrapped(clean_line(settings.POSTAL_ADDRESS))),
        "issue_url": issue_url(content.slug),
        "because_text": "\n".join(wrapped(wording.because(content.kind))),
        "welcome": welcome,
        "welcome_text": "\n".join(wrapped(welcome)),
        "title_attribute": attribute(wording.title(content)),
        "lead": lead or fill.slots[Slot.LEAD],
        "lead_attribute": attribute(lead) if lead else fill.slots[Slot.LEADATTRIBUTE],
        # WCAG 2.2, 3.1.2: what is in another language than its surroundings says so.
        "content_language": foreign_language(),
        "direction": "rtl" if get_language_bidi() else "ltr",
        "light": LIGHT,
        "dark": DARK,
    }


def mjml_source(context: dict[str, Any]) -> str:
    """Return an issue in MJML."""
    return render_to_string(f"{TEMPLATES}/issue.mjml", context)


def text_source(context: dict[str, Any]) -> str:
    """Return an issue in plain text."""
    return render_to_string(f"{TEMPLATES}/issue.txt", context).rstrip("\n") + "\n"


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
    context = context_of(content, blocks, fill)
    html = inlined(html_of(mjml_source(context)), inline_css())
    return html, text_source(context), blocks
