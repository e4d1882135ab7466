"""Issues to mails: MJML and premailer run here, once an issue, and nowhere else."""

from django.conf import settings
from django.utils import translation

from newsletter.content import IssueContent
from newsletter.rendering import wording
from newsletter.rendering.cleaning import clean_line
from newsletter.rendering.errors import RenderError
from newsletter.rendering.markdown import web_html
from newsletter.rendering.mjml import Fill, forms_of
from newsletter.rendering.segments import Block, Kind, Marks, RenderedIssue, Segments, Slot
from newsletter.rendering.sizes import (
    MAIL_LIMIT_BYTES,
    MAIL_WARNING_BYTES,
    encoded_size,
    refuse_oversize,
)

__all__ = [
    "MAIL_LIMIT_BYTES",
    "MAIL_WARNING_BYTES",
    "Block",
    "Kind",
    "RenderError",
    "RenderedIssue",
    "Segments",
    "Slot",
    "encoded_size",
    "render_all",
    "render_issue",
    "web_html",
]


def render_issue(content: IssueContent, language: str = "") -> RenderedIssue:
    """Render an issue once for every reader of a language: this one, or else the active one.

    Raises RenderError for what no mail can hold, with a reason for the editor: whatever the
    readers' language, in the one that is active here.
    """
    try:
        with translation.override(language or translation.get_language()):
            rendered = cut(content)
    except RenderError:
        # Said by the content and not by the frame: the same in the editor's own language.
        cut(content)
        raise
    refuse_oversize(rendered)
    return rendered


def render_all(content: IssueContent) -> dict[str, RenderedIssue]:
    """Render an issue in every language that readers can have; raises RenderError."""
    return {language: render_issue(content, language) for language, _name in settings.LANGUAGES}


def cut(content: IssueContent) -> RenderedIssue:
    """Render an issue in the active language and cut it where readers differ."""
    marks = Marks()
    html, text, layouts = forms_of(content, Fill.to_cut(marks))
    parts = zip(layouts, marks.cut(html, len(layouts)), marks.cut(text, len(layouts)), strict=True)
    return RenderedIssue(
        kind=content.kind,
        slug=content.slug,
        title=clean_line(wording.title(content)),
        language=translation.get_language() or settings.LANGUAGE_CODE,
        blocks=tuple(
            Block(
                kind=layout.kind.value,
                html=html_parts,
                text=text_parts,
                key=layout.key,
                title=layout.title,
                source_ids=layout.source_ids,
            )
            for layout, html_parts, text_parts in parts
        ),
    )
