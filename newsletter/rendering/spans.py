"""What stands in a line of Markdown: words, emphasis, code and links, in both forms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from markdown_it.tree import SyntaxTreeNode

from newsletter.rendering.cleaning import clean, safe_url

BLANK_HTML = SafeString("")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a body in both forms; of blocks, ``text`` holds whole lines."""

    html: SafeString
    text: str


def joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def inline(nodes: Sequence[SyntaxTreeNode]) -> Piece:
    pieces = [span(node) for node in nodes]
    return Piece(joined(piece.html for piece in pieces), "".join(piece.text for piece in pieces))


def span(node: SyntaxTreeNode) -> Piece:
    """Render one inline element; in text emphasis goes unmarked and code keeps its backticks."""
    match node.type:
        case "softbreak":
            return Piece(SafeString(" "), " ")
        case "hardbreak":
            return Piece(SafeString("<br />"), "\n")
        case "code_inline":
            content = clean(node.content)
            return Piece(format_html("<code>{}</code>", content), f"`{content}`")
        case "strong" | "em":
            inner = inline(node.children)
            return Piece(
                format_html("<{0}>{1}</{0}>", SafeString(node.type), inner.html), inner.text
            )
        case "link":
            return link(inline(node.children), str(node.attrs.get("href", "")))
        case "image":
            alt = clean(node.content) or _("image")
            label = Piece(escape(alt), alt)
            return label if in_link(node) else link(label, str(node.attrs.get("src", "")))
        case _:
            content = clean(node.content)
            return Piece(escape(content), content)


def in_link(node: SyntaxTreeNode) -> bool:
    """Tell whether an element stands in a link already; HTML has no link in a link."""
    outer = node.parent
    while outer is not None and outer.type != "link":
        outer = outer.parent
    return outer is not None


def link(label: Piece, address: str) -> Piece:
    """Link a label to a web address; with any other address the label stands alone."""
    url = safe_url(address)
    if not url:
        return label
    text = url if label.text in {url, address, ""} else f"{label.text} ({url})"
    return Piece(format_html('<a href="{}">{}</a>', url, label.html or url), text)
