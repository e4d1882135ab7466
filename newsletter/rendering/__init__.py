"""Issues to mails: MJML and premailer run here, once an issue, and nowhere else."""

from django.utils.translation import get_language

from newsletter.content import IssueContent
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
    "render_issue",
    "web_html",
]


def render_issue(content: IssueContent) -> RenderedIssue:
    """Render an issue once, in the active language, for every reader it may have.

    Raises RenderError, with a reason for the editor, for what no mail can hold.
    """
    marks = Marks()
    html, text, layouts = forms_of(content, Fill.to_cut(marks))
    parts = zip(layouts, marks.cut(html, len(layouts)), marks.cut(text, len(layouts)), strict=True)
    rendered = RenderedIssue(
        kind=content.kind,
        slug=content.slug,
        title=clean_line(content.title),
        language=get_language() or "en",
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
    refuse_oversize(rendered)
    return rendered
