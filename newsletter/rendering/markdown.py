"""Bodies: Markdown to the HTML and the plain text of a mail, in one walk over its tokens.

Bodies hold paragraphs, lists, quotes, links, emphasis and code. HTML is text, images are
never loaded, headings are bold paragraphs: a body stands below a headline of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from newsletter.rendering.cleaning import clean, clean_line, is_right_to_left, safe_url
from newsletter.rendering.errors import RenderError
from newsletter.rendering.plain import wrapped

# mrml recurses on the C stack and dies, process and all, at about 1,800 nested elements.
# Nobody reads a list in a list in a list in a list.
MAX_DEPTH = 12
# markdown-it drops what lies deeper than this without a word, so it must lie beyond our
# own limit, where such a body is refused.
PARSED_DEPTH = 4 * MAX_DEPTH
# The longest story seen has 128 words; a whole mail may have 95,000 bytes.
MAX_BODY_LENGTH = 20_000

READER = MarkdownIt("commonmark", {"html": False, "maxNesting": PARSED_DEPTH})
BLANK_HTML = SafeString("")


@dataclass(frozen=True, slots=True)
class Body:
    """A body as HTML elements, as wrapped plain text, and as bare words on one line."""

    html: SafeString
    text: str
    words: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a body in both forms; of blocks, ``text`` holds whole lines."""

    html: SafeString
    text: str


def body_of(markdown: str) -> Body:
    """Render one body; raise RenderError if it is too long or nested too deep."""
    markdown = clean(markdown)
    if len(markdown) > MAX_BODY_LENGTH:
        raise RenderError(
            _("The text has %(length)d characters; a mail can hold %(limit)d of them. Shorten it.")
            % {"length": len(markdown), "limit": MAX_BODY_LENGTH}
        )
    tokens = READER.parse(markdown)
    refuse_depth(tokens)
    blocks = [block(node, "", "") for node in SyntaxTreeNode(tokens).children]
    return Body(
        html=joined(piece.html for piece in blocks),
        text="\n\n".join(piece.text for piece in blocks),
        words=clean_line(" ".join(bare_words(tokens))),
    )


def web_html(markdown: str) -> SafeString:
    """Return a body's HTML for a web page; raise RenderError as ``body_of`` does."""
    return body_of(markdown).html


def refuse_depth(tokens: Sequence[Token]) -> None:
    """Raise RenderError where elements lie in one another deeper than MAX_DEPTH."""
    depth = 0
    for token in tokens:
        depth += token.nesting
        inner = depth
        for child in token.children or ():
            inner += child.nesting
            if inner > MAX_DEPTH:
                depth = inner
        if depth > MAX_DEPTH:
            raise RenderError(
                _("Quotes, lists or emphasis are nested more than %(limit)d deep. Flatten them.")
                % {"limit": MAX_DEPTH}
            )


def bare_words(tokens: Sequence[Token]) -> Iterable[str]:
    """Give the words of a body without marks and addresses, for a preview in the inbox."""
    for token in tokens:
        if token.type in {"fence", "code_block"}:
            yield token.content
        elif token.type == "inline":
            yield "".join(
                " " if child.type in {"softbreak", "hardbreak"} else child.content
                for child in token.children or ()
            )


def joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def block(node: SyntaxTreeNode, first: str, rest: str) -> Piece:
    """Render a block; ``first`` and ``rest`` stand before its first and its other lines."""
    match node.type:
        case "paragraph":
            return paragraph(node, first, rest)
        case "heading":
            return paragraph(node, first, rest, bold=True)
        case "bullet_list" | "ordered_list":
            return listing(node, first, rest)
        case "blockquote":
            inner = stacked(node.children, f"{first}> ", f"{rest}> ")
            return Piece(format_html("<blockquote>{}</blockquote>", inner.html), inner.text)
        case "fence" | "code_block":
            return code(node.content, first, rest)
        case _:  # a thematic break is all that is left
            return Piece(SafeString("<hr />"), f"{first}* * *")


def stacked(nodes: Sequence[SyntaxTreeNode], first: str, rest: str) -> Piece:
    """Render blocks under one another, a blank line between them in the text."""
    pieces = [block(node, rest if number else first, rest) for number, node in enumerate(nodes)]
    return Piece(
        joined(piece.html for piece in pieces),
        f"\n{rest.rstrip()}\n".join(piece.text for piece in pieces) or first.rstrip(),
    )


def paragraph(node: SyntaxTreeNode, first: str, rest: str, *, bold: bool = False) -> Piece:
    content = inline(node.children[0].children) if node.children else Piece(BLANK_HTML, "")
    direction = SafeString(' dir="rtl"') if is_right_to_left(content.text) else ""
    html = format_html("<strong>{}</strong>", content.html) if bold else content.html
    return Piece(
        format_html("<p{}>{}</p>", direction, html),
        "\n".join(wrapped(content.text, first=first, rest=rest)),
    )


def listing(node: SyntaxTreeNode, first: str, rest: str) -> Piece:
    """Render a list; its items are set tight, as the items of a mail are short."""
    ordered = node.type == "ordered_list"
    start = int(node.attrs.get("start", 1)) if ordered else 1
    html, lines = [], []
    for number, item in enumerate(node.children):
        label = f"{start + number}. " if ordered else "- "
        hanging = rest + " " * len(label)
        before = (rest if number else first) + label
        content = stacked(item.children, before, hanging)
        html.append(format_html("<li>{}</li>", tight(item, content.html)))
        lines.append(content.text)
    tag = "ol" if ordered else "ul"
    at = format_html(' start="{}"', start) if ordered and start != 1 else ""
    return Piece(
        format_html("<{0}{1}>{2}</{0}>", SafeString(tag), at, joined(html)), "\n".join(lines)
    )


def tight(item: SyntaxTreeNode, html: SafeString) -> SafeString:
    """Return a lone paragraph's content without its tags, so that the item is one line."""
    if len(item.children) == 1 and item.children[0].type == "paragraph" and html[:3] == "<p>":
        return SafeString(html.removeprefix("<p>").removesuffix("</p>"))
    return html


def code(content: str, first: str, rest: str) -> Piece:
    """Render a block of code, its lines as they are.

    The line breaks are entities: MJML drops text between two elements that is nothing but
    white space, and a browser drops the first line break of a ``pre``.
    """
    lines = clean(content).strip("\n").split("\n")
    html = SafeString("&#10;".join(escape(line) for line in lines))
    text = [f"{rest if number else first}    {line}".rstrip() for number, line in enumerate(lines)]
    return Piece(format_html("<pre><code>{}</code></pre>", html), "\n".join(text))


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
