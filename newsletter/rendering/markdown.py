"""Bodies: Markdown to the HTML and the plain text of a mail, in one walk over its tokens.

Bodies hold paragraphs, lists, quotes, links, emphasis and code. HTML is text, images are
never loaded, headings are bold paragraphs: a body stands below a headline of its own. A
table is a list of its rows: no telephone has room for its columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from newsletter.rendering.cleaning import clean, clean_line, direction_of
from newsletter.rendering.errors import RenderError
from newsletter.rendering.plain import wrapped
from newsletter.rendering.spans import BLANK_HTML, Piece, inline, joined

# mrml recurses on the C stack and dies, process and all, at about 1,800 nested elements.
# Nobody reads a list in a list in a list in a list.
MAX_DEPTH = 12
# markdown-it drops what lies deeper than this without a word, so it must lie beyond our
# own limit, where such a body is refused.
PARSED_DEPTH = 4 * MAX_DEPTH
# The longest story seen has 128 words; a whole mail may have 95,000 bytes.
MAX_BODY_LENGTH = 20_000

# Of a table's cells, in HTML and in text.
CELL_GAP = " · "
EMPTY_CELL = "–"
# Elements with padding on the side that their lines begin at.
PADDED = frozenset({"bullet_list", "ordered_list", "blockquote", "table"})

READER = MarkdownIt("commonmark", {"html": False, "maxNesting": PARSED_DEPTH}).enable("table")


@dataclass(frozen=True, slots=True)
class Body:
    """A body as HTML elements, as wrapped plain text, and as bare words on one line."""

    html: SafeString
    text: str
    words: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block stands.

    ``first`` and ``rest`` stand before its first and its other lines of text, ``direction``
    is the way that what it stands in runs, and in a ``tight`` list paragraphs have no margins.
    """

    first: str
    rest: str
    direction: str
    tight: bool = False


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
    place = Place("", "", "rtl" if get_language_bidi() else "ltr")
    blocks = [block(node, place) for node in SyntaxTreeNode(tokens).children]
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


def block(node: SyntaxTreeNode, place: Place) -> Piece:
    match node.type:
        case "paragraph":
            return paragraph(node, place)
        case "heading":
            return paragraph(node, replace(place, tight=False), bold=True)
        case "bullet_list" | "ordered_list":
            return listing(node, place)
        case "blockquote":
            return quote(node, place)
        case "table":
            return table(node, place)
        case "fence" | "code_block":
            return code(node.content, place)
        case _:  # a thematic break is all that is left
            return Piece(SafeString("<hr />"), f"{place.first}* * *")


def stacked(nodes: Sequence[SyntaxTreeNode], place: Place) -> Piece:
    """Render blocks under one another, in the text with a blank line between loose ones."""
    following = replace(place, first=place.rest)
    pieces = [block(node, following if number else place) for number, node in enumerate(nodes)]
    gap = "\n" if place.tight else blank_line(place)
    return Piece(
        joined(piece.html for piece in pieces),
        gap.join(piece.text for piece in pieces) or place.first.rstrip(),
    )


def blank_line(place: Place) -> str:
    return f"\n{place.rest.rstrip()}\n"


def leaves(node: SyntaxTreeNode) -> Iterable[str]:
    """Give the words in an element, as far as it has been read."""
    return (leaf.content for leaf in node.walk() if leaf.type in {"text", "code_inline"})


def turned(node: SyntaxTreeNode, place: Place) -> tuple[Place, SafeString]:
    """Return a place that runs as the first letter in an element does, and its attribute.

    Lists and quotes to the left always have it: the style sheet turns their padding by it.
    """
    found = next(filter(None, map(direction_of, leaves(node))), place.direction)
    says_so = found != place.direction or (found == "rtl" and node.type in PADDED)
    attribute = format_html(' dir="{}"', found) if says_so else BLANK_HTML
    return replace(place, direction=found), attribute


def paragraph(node: SyntaxTreeNode, place: Place, *, bold: bool = False) -> Piece:
    content = inline(node.children[0].children) if node.children else Piece(BLANK_HTML, "")
    direction = turned(node, place)[1]
    html = format_html("<strong>{}</strong>", content.html) if bold else content.html
    return Piece(
        html if place.tight and not direction else format_html("<p{}>{}</p>", direction, html),
        "\n".join(wrapped(content.text, first=place.first, rest=place.rest)),
    )


def quote(node: SyntaxTreeNode, place: Place) -> Piece:
    place, direction = turned(node, place)
    inside = Place(f"{place.first}> ", f"{place.rest}> ", place.direction)
    inner = stacked(node.children, inside)
    return Piece(format_html("<blockquote{}>{}</blockquote>", direction, inner.html), inner.text)


def listing(node: SyntaxTreeNode, place: Place) -> Piece:
    """Render a list; one whose items are single blocks is set tight, however it was written."""
    place, direction = turned(node, place)
    ordered = node.type == "ordered_list"
    start = int(node.attrs.get("start", 1)) if ordered else 1
    tight = is_tight(node)
    html, lines = [], []
    for number, item in enumerate(node.children):
        label = f"{start + number}. " if ordered else "- "
        before = (place.rest if number else place.first) + label
        inside = Place(before, place.rest + " " * len(label), place.direction, tight)
        inside, turn = turned(item, inside)
        content = stacked(item.children, inside)
        html.append(format_html("<li{}>{}</li>", turn, content.html))
        lines.append(content.text)
    tag = "ol" if ordered else "ul"
    at = format_html(' start="{}"', start) if ordered and start != 1 else ""
    return Piece(
        format_html("<{0}{1}{2}>{3}</{0}>", SafeString(tag), direction, at, joined(html)),
        ("\n" if tight else blank_line(place)).join(lines),
    )


def is_tight(node: SyntaxTreeNode) -> bool:
    """Tell whether a list has no blank lines in it, or none that part two blocks of an item."""
    blocks = [block for item in node.children for block in item.children]
    return len(blocks) <= len(node.children) or all(
        block.hidden for block in blocks if block.type == "paragraph"
    )


def table(node: SyntaxTreeNode, place: Place) -> Piece:
    """Render a table as its heads in bold and a list of its rows, all cells with marks between."""
    place, direction = turned(node, place)
    heads, *rows = [row(line) for part in node.children for line in part.children]
    html = [format_html("<li>{}</li>", cells.html) for cells in rows if cells.text]
    text = wrapped(heads.text, first=place.first, rest=place.rest) if heads.text else []
    for cells in rows:
        if cells.text:
            before = f"{place.rest if text else place.first}- "
            text += wrapped(cells.text, first=before, rest=f"{place.rest}  ")
    return Piece(
        format_html(
            "{}{}",
            format_html('<p class="heads"{}><strong>{}</strong></p>', direction, heads.html)
            if heads.text
            else "",
            format_html("<ul{}>{}</ul>", direction, joined(html)) if html else "",
        ),
        "\n".join(text) or place.first.rstrip(),
    )


def row(line: SyntaxTreeNode) -> Piece:
    """Return a row's cells on one line; empty ones are dashes, but for those at its end."""
    cells = [inline(cell.children[0].children) for cell in line.children]
    while cells and not cells[-1].text:
        cells.pop()
    dash = Piece(escape(EMPTY_CELL), EMPTY_CELL)
    filled = [cell if cell.text else dash for cell in cells]
    return Piece(
        format_html_join(CELL_GAP, "{}", ((cell.html,) for cell in filled)),
        CELL_GAP.join(cell.text for cell in filled),
    )


def code(content: str, place: Place) -> Piece:
    """Render a block of code, its lines as they are.

    The line breaks are entities: MJML drops text between two elements that is nothing but
    white space, and a browser drops the first line break of a ``pre``.
    """
    lines = clean(content).strip("\n").split("\n")
    html = SafeString("&#10;".join(escape(line) for line in lines))
    text = [
        f"{place.rest if number else place.first}    {line}".rstrip()
        for number, line in enumerate(lines)
    ]
    # Code runs to the right, whatever it stands in.
    direction = SafeString(' dir="ltr"') if place.direction == "rtl" else ""
    return Piece(format_html("<pre{}><code>{}</code></pre>", direction, html), "\n".join(text))
